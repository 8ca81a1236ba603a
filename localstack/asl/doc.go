// Package asl interprets Amazon States Language: a definition and an input go in, a result and a history of events come
// out. Parse checks a definition and reports all of its mistakes at once; an Engine runs machines in one process, asks a
// Handler to do the Task states, and reads the time from a Clock, which may be virtual. From its recorded events an
// execution can be resumed in another process.
//
// It follows the JSONPath side of the language as AWS Step Functions runs it, down to the numbers of the events and the
// wording of the causes where AWS has been seen to give them. What differs:
//
// Refused by Parse, by name: JSONata; ItemReader, ItemBatcher and ResultWriter of a distributed Map; the tolerated
// failures of an inline Map; a Resource that is not an ARN.
//
// Tasks. Every task goes to the Handler, whatever its service, except states:startExecution, which the engine does
// itself. What a Handler returns for a service is taken as the service's answer: lambda:invoke alone is wrapped in what
// Lambda's API adds, with request ids of our own. The TaskSubmitted event of a .sync task has no output, except that of
// startExecution. An activity's task also goes to the Handler, which takes the worker's part; a token answers it as well.
// Credentials are accepted and ignored, and nobody checks what a role may do. A task without TimeoutSeconds has no limit.
// A version or alias behind a function's or a machine's name is dropped.
//
// Executions. There is no redrive, so RedriveCount is always 0. A standard execution has no limit of a year and an
// express one none of five minutes; express executions differ only in their ARN and context object, and have a history
// that can be read. Names stay taken for as long as the engine lives. Nothing is throttled, and definitions are not
// versioned. Besides, an execution can be suspended, by the end of the context that it was started with.
//
// Distributed Map. The children are executions of this engine, named after the map run and the item, at most 1,000 at a
// time; there is no map run to describe, and results are always handed on in the state's output, within its limit.
//
// Events have the ids, types, order and details of AWS's. Added are taskToken, executionArn and stateMachineArn, and the
// output of MapRunSucceeded, which Resume needs; not kept are inputDetails and outputDetails, since nothing is truncated.
// Where several branches or iterations act at the same moment, the order is that of their states in virtual time; AWS
// promises none.
//
// Paths. Filters take the operators of Jayway's JsonPath; their regular expressions are RE2's, with the flags i, m and s.
// Of the functions that may end a path, concat, append and index are missing. The element order of an object is that of
// its text.
//
// Intrinsic functions. States.MathRandom with a seed gives the same number each time, though not AWS's; without one it
// draws from Options.Rand, as FULL jitter does. The reasons that a function gives for failing are worded by us.
package asl
