package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/deployer-io/deployer/cmd/deployer/initial"
	"github.com/deployer-io/deployer/shared/address"
)

// question is one thing that init wants to know. Nothing typed takes the answer that is shown.
type question struct {
	flag, text string
	one        *string   // where the answer goes
	many       *[]string // or its parts, with commas between them
	check      func(answer string) error
}

func (b *beginning) questions() []question {
	return []question{
		{flag: "name", text: "The stack's name", one: &b.name, check: address.CheckName},
		{flag: "owner", text: "Who answers for it (a team or a person; may be left out)", one: &b.owner},
		{flag: "region", text: "AWS region", one: &b.region, check: func(answer string) error {
			return initial.CheckEnvironment(initial.Environment{Name: "any", Region: answer})
		}},
		{flag: "environment", text: "Environments, in the order in which a change goes through them", many: &b.environments, check: func(answer string) error {
			_, err := initial.ParseEnvironment(answer, b.region)
			return err
		}},
		{flag: "service", text: "The first service's name", one: &b.service, check: initial.CheckService},
		{flag: "kind", text: "Its components, by kind ('deployer schema' lists the kinds)", many: &b.kinds, check: func(answer string) error {
			_, err := initial.ParseComponent(answer)
			return err
		}},
	}
}

// askFor asks for what no flag has said.
func (o *options) askFor(b *beginning, said func(flag string) bool) error {
	lines := bufio.NewReader(o.in)
	for _, q := range b.questions() {
		if said(q.flag) {
			continue
		}
		if err := o.put(lines, q); err != nil {
			return err
		}
	}
	return nil
}

// put asks a question until the answer can be taken.
func (o *options) put(lines *bufio.Reader, q question) error {
	shown := ""
	if q.one != nil {
		shown = *q.one
	} else {
		shown = strings.Join(*q.many, ", ")
	}
	for {
		fmt.Fprintf(o.err, "%s [%s]: ", q.text, shown)
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			fmt.Fprintln(o.err)
			return &exitError{code: exitCancelled, err: errors.New("there was no answer; nothing was written")}
		}
		if err != nil {
			return err
		}
		answer := strings.TrimSpace(line)
		if answer == "" {
			answer = shown
		}
		if err := q.take(answer); err != nil {
			fmt.Fprintf(o.err, "  %v\n", err)
			continue
		}
		return nil
	}
}

func (q question) take(answer string) error {
	parts := []string{answer}
	if q.many != nil {
		parts = strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ' ' })
	}
	for _, part := range parts {
		if q.check == nil {
			break
		}
		if err := q.check(part); err != nil {
			return err
		}
	}
	if q.many != nil {
		*q.many = parts
	} else {
		*q.one = answer
	}
	return nil
}
