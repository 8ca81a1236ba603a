// Package recovery proves that a deployment survives being cut off anywhere: a bundle goes through the real state machines
// and handlers over stores in memory, in virtual time; one call of theirs is cut off; out comes whether the lock came free,
// nothing was lost or made twice, and the next run brings state and cloud to what the bundle says.
package recovery
