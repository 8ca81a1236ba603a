package provision

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
)

// openAPI describes a REST API to API Gateway: OpenAPI 3 with AWS's extensions (Amazon API Gateway Developer Guide, "OpenAPI
// extensions").
type openAPI struct {
	OpenAPI    string                          `json:"openapi"`
	Info       openAPIInfo                     `json:"info"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		SecuritySchemes map[string]securityScheme `json:"securitySchemes,omitempty"`
	} `json:"components"`
}

type openAPIInfo struct {
	Title   string `json:"title"`
	Version string `json:"version"`
}

type operation struct {
	Parameters  []pathParameter       `json:"parameters,omitempty"`
	Responses   map[string]response   `json:"responses"`
	Security    []map[string][]string `json:"security,omitempty"`
	Integration integration           `json:"x-amazon-apigateway-integration"`
}

type pathParameter struct {
	Name     string            `json:"name"`
	In       string            `json:"in"`
	Required bool              `json:"required"`
	Schema   map[string]string `json:"schema"`
}

type response struct {
	Description string                    `json:"description"`
	Headers     map[string]map[string]any `json:"headers,omitempty"`
}

type integration struct {
	Type              string                         `json:"type"`
	Method            string                         `json:"httpMethod,omitempty"`
	URI               string                         `json:"uri,omitempty"`
	TimeoutInMillis   int                            `json:"timeoutInMillis,omitempty"`
	ConnectionType    string                         `json:"connectionType,omitempty"`
	ConnectionID      string                         `json:"connectionId,omitempty"`
	Passthrough       string                         `json:"passthroughBehavior,omitempty"`
	RequestParameters map[string]string              `json:"requestParameters,omitempty"`
	RequestTemplates  map[string]string              `json:"requestTemplates,omitempty"`
	Responses         map[string]integrationResponse `json:"responses,omitempty"`
}

type integrationResponse struct {
	Status     string            `json:"statusCode"`
	Parameters map[string]string `json:"responseParameters,omitempty"`
	Templates  map[string]string `json:"responseTemplates,omitempty"`
}

type securityScheme struct {
	Type       string             `json:"type"`
	Name       string             `json:"name"`
	In         string             `json:"in"`
	AuthType   string             `json:"x-amazon-apigateway-authtype,omitempty"`
	Authorizer *requestAuthorizer `json:"x-amazon-apigateway-authorizer,omitempty"`
}

type requestAuthorizer struct {
	Type           string `json:"type"`
	URI            string `json:"authorizerUri"`
	IdentitySource string `json:"identitySource"`
	CacheSeconds   int    `json:"authorizerResultTtlInSeconds"`
}

// The security schemes that are not authorizers of the author's.
const (
	schemeIAM    = "iam"
	schemeAPIKey = "apiKey"
)

func newOpenAPI(title string) *openAPI {
	return &openAPI{OpenAPI: "3.0.1", Info: openAPIInfo{Title: title, Version: "1"},
		Paths: map[string]map[string]operation{}}
}

// secure adds a security scheme.
func (a *openAPI) secure(name string, scheme securityScheme) {
	if a.Components.SecuritySchemes == nil {
		a.Components.SecuritySchemes = map[string]securityScheme{}
	}
	a.Components.SecuritySchemes[name] = scheme
}

// pathVariable finds the variables of a path: {id}, and {proxy+}, which stands for all that follows.
var pathVariable = regexp.MustCompile(`\{([A-Za-z0-9._-]+)\+?\}`)

// route adds what a route calls.
func (a *openAPI) route(spec *resource.Route, calls integration) {
	method, path, _ := strings.Cut(spec.Route, " ")
	made := operation{Responses: map[string]response{"default": {Description: "what is called answers for itself"}},
		Integration: calls}
	for _, variable := range pathVariable.FindAllStringSubmatch(path, -1) {
		made.Parameters = append(made.Parameters, pathParameter{Name: variable[1], In: "path", Required: true,
			Schema: map[string]string{"type": "string"}})
	}
	required := map[string][]string{}
	if spec.Authorizer != "" && spec.Authorizer != "none" {
		required[spec.Authorizer] = []string{}
	}
	if spec.APIKeyRequired {
		required[schemeAPIKey] = []string{}
	}
	if len(required) > 0 {
		made.Security = []map[string][]string{required}
	}
	verb := strings.ToLower(method)
	if method == "ANY" {
		verb = "x-amazon-apigateway-any-method"
	}
	if a.Paths[path] == nil {
		a.Paths[path] = map[string]operation{}
	}
	a.Paths[path][verb] = made
}

// passOn maps the variables of the route's path to those of the address that is called.
func passOn(url string) map[string]string {
	var parameters map[string]string
	for _, variable := range pathVariable.FindAllStringSubmatch(url, -1) {
		if parameters == nil {
			parameters = map[string]string{}
		}
		parameters["integration.request.path."+variable[1]] = "method.request.path." + variable[1]
	}
	return parameters
}

// crossOrigins answers the question that browsers ask before they call from a page of another origin, on every path that
// does not answer it itself.
func (a *openAPI) crossOrigins(rule *resource.CORSRule) error {
	if rule == nil {
		return nil
	}
	headers := map[string]string{
		"Access-Control-Allow-Methods":  strings.Join(rule.Methods, ","),
		"Access-Control-Allow-Headers":  strings.Join(rule.Headers, ","),
		"Access-Control-Expose-Headers": strings.Join(rule.ExposeHeaders, ","),
		"Access-Control-Max-Age":        fmt.Sprint(int(rule.MaxAge.Seconds())),
	}
	origins, err := json.Marshal(rule.Origins)
	if err != nil {
		return err
	}
	// More than one origin cannot be answered with; the one that asks is, if it is among them.
	template := `#set($asks = $input.params("Origin"))` + "\n#set($allowed = " + string(origins) + ")\n" +
		`#if($allowed.contains($asks) || $allowed.contains("*"))#set($context.responseOverride.header.Access-Control-Allow-Origin = $asks)#end`
	answer := integrationResponse{Status: "204", Parameters: map[string]string{},
		Templates: map[string]string{"application/json": template}}
	offered := map[string]map[string]any{"Access-Control-Allow-Origin": {"schema": map[string]string{"type": "string"}}}
	for _, name := range sortedKeys(headers) {
		if headers[name] != "" {
			answer.Parameters["method.response.header."+name] = "'" + headers[name] + "'"
			offered[name] = map[string]any{"schema": map[string]string{"type": "string"}}
		}
	}
	for _, path := range sortedKeys(a.Paths) {
		if _, written := a.Paths[path]["options"]; written {
			continue
		}
		asked := operation{Responses: map[string]response{"204": {Description: "who may call", Headers: offered}},
			Integration: integration{Type: "mock",
				Passthrough: "when_no_match", RequestTemplates: map[string]string{"application/json": `{"statusCode":204}`},
				Responses: map[string]integrationResponse{"default": answer}}}
		for _, variable := range pathVariable.FindAllStringSubmatch(path, -1) {
			asked.Parameters = append(asked.Parameters, pathParameter{Name: variable[1], In: "path", Required: true,
				Schema: map[string]string{"type": "string"}})
		}
		a.Paths[path]["options"] = asked
	}
	return nil
}
