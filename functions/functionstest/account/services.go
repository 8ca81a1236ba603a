package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"time"
)

// json answers for DynamoDB, Step Functions, Secrets Manager, KMS and ECS.
func (a *Account) json(w http.ResponseWriter, service, operation string, body []byte) {
	if code, refused := a.called(operation); refused {
		refuseJSON(w, code, "refused by the test")
		return
	}
	var in map[string]any
	if err := json.Unmarshal(body, &in); err != nil {
		refuseJSON(w, "SerializationException", err.Error())
		return
	}
	text := func(name string) string { given, _ := in[name].(string); return given }
	switch operation {
	case "GetItem":
		answer(w, struct{}{})
	case "Scan":
		answer(w, map[string]any{"Items": []any{}, "Count": 0, "ScannedCount": 0})
	case "ListTasks":
		answer(w, map[string]any{"taskArns": []any{}})
	case "StartExecution":
		a.startExecution(w, Execution{Machine: text("stateMachineArn"), Name: text("name"), Input: text("input"), Status: "RUNNING"})
	case "DescribeExecution":
		a.describeExecution(w, text("executionArn"))
	case "StopExecution":
		a.stopExecution(w, text("executionArn"), text("error"), text("cause"))
	case "SendTaskSuccess":
		a.answered("success " + text("taskToken"))
		answer(w, struct{}{})
	case "SendTaskFailure":
		a.answered("failure " + text("taskToken") + " " + text("error"))
		answer(w, struct{}{})
	case "GetSecretValue":
		a.secret(w, text("SecretId"))
	case "GenerateMac", "VerifyMac":
		a.mac(w, operation, text("Message"), text("Mac"))
	default:
		refuseJSON(w, "UnknownOperationException", service+"."+operation+" is not among what the account in memory knows")
	}
}

func (a *Account) answered(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers = append(a.answers, what)
}

func (a *Account) startExecution(w http.ResponseWriter, e Execution) {
	a.mu.Lock()
	if _, there := a.executions[executionARN(e.Machine, e.Name)]; there {
		a.mu.Unlock()
		refuseJSON(w, "ExecutionAlreadyExists", "there is an execution of that name")
		return
	}
	a.executions[executionARN(e.Machine, e.Name)] = &e
	start := a.Start
	a.mu.Unlock()
	if start != nil {
		start(e)
	}
	answer(w, map[string]any{"executionArn": executionARN(e.Machine, e.Name), "startDate": float64(time.Now().UnixMilli()) / 1000})
}

func (a *Account) describeExecution(w http.ResponseWriter, arn string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, there := a.executions[arn]
	if !there {
		refuseJSON(w, "ExecutionDoesNotExist", "Execution Does Not Exist: '"+arn+"'")
		return
	}
	told := map[string]any{"executionArn": arn, "stateMachineArn": e.Machine, "name": e.Name, "status": e.Status, "input": e.Input,
		"startDate": float64(time.Now().UnixMilli()) / 1000}
	for name, value := range map[string]string{"output": e.Output, "error": e.Error, "cause": e.Cause} {
		if value != "" {
			told[name] = value
		}
	}
	answer(w, told)
}

func (a *Account) stopExecution(w http.ResponseWriter, arn, name, cause string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, there := a.executions[arn]
	if !there {
		refuseJSON(w, "ExecutionDoesNotExist", "Execution Does Not Exist: '"+arn+"'")
		return
	}
	e.Status, e.Error, e.Cause = "ABORTED", name, cause
	answer(w, map[string]any{"stopDate": float64(time.Now().UnixMilli()) / 1000})
}

func (a *Account) secret(w http.ResponseWriter, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	value, there := a.secrets[id]
	if !there {
		refuseJSON(w, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
		return
	}
	answer(w, map[string]any{"Name": id, "SecretString": value})
}

// mac signs with a key that only the account has.
func (a *Account) mac(w http.ResponseWriter, operation, message, given string) {
	text, err := base64.StdEncoding.DecodeString(message)
	if err != nil {
		refuseJSON(w, "ValidationException", err.Error())
		return
	}
	hash := hmac.New(sha256.New, []byte("the account's key"))
	hash.Write(text)
	sum := hash.Sum(nil)
	if operation == "GenerateMac" {
		answer(w, map[string]any{"KeyId": "key", "MacAlgorithm": "HMAC_SHA_256", "Mac": base64.StdEncoding.EncodeToString(sum)})
		return
	}
	presented, err := base64.StdEncoding.DecodeString(given)
	if err != nil || !hmac.Equal(sum, presented) {
		refuseJSON(w, "KMSInvalidMacException", "")
		return
	}
	answer(w, map[string]any{"KeyId": "key", "MacAlgorithm": "HMAC_SHA_256", "MacValid": true})
}

// query answers for SNS and STS.
func (a *Account) query(w http.ResponseWriter, body string) {
	form, err := url.ParseQuery(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	operation := form.Get("Action")
	w.Header().Set("Content-Type", "text/xml")
	if code, refused := a.called(operation); refused {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>refused by the test</Message></Error></ErrorResponse>", html.EscapeString(code))
		return
	}
	switch operation {
	case "Publish":
		a.publish(form)
		fmt.Fprint(w, `<PublishResponse><PublishResult><MessageId>95df01b4-ee98-5cb9-9903-4c221d41eb5e</MessageId></PublishResult></PublishResponse>`)
	case "GetCallerIdentity":
		fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>%s</Arn><UserId>AIDAEXAMPLE</UserId><Account>%s</Account>`+
			`</GetCallerIdentityResult></GetCallerIdentityResponse>`, Caller, ID)
	default:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<ErrorResponse><Error><Code>InvalidAction</Code><Message>%s</Message></Error></ErrorResponse>", html.EscapeString(operation))
	}
}

func (a *Account) publish(form url.Values) {
	attributes := map[string]string{}
	for i := 1; form.Get(fmt.Sprintf("MessageAttributes.entry.%d.Name", i)) != ""; i++ {
		entry := fmt.Sprintf("MessageAttributes.entry.%d.", i)
		attributes[form.Get(entry+"Name")] = form.Get(entry + "Value.StringValue")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.published = append(a.published, Message{Topic: form.Get("TopicArn"), Subject: form.Get("Subject"), Text: form.Get("Message"), Attributes: attributes})
}
