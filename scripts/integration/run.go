package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// run installs and starts the emulators and then runs the command with their addresses in its environment; without a
// command it only installs them. What the command and the installations print goes to stdout and stderr.
func run(ctx context.Context, chosen []emulator, command []string, stdout, stderr io.Writer) (err error) {
	for _, e := range chosen {
		if err := e.install(ctx, stderr); err != nil {
			return fmt.Errorf("install %s: %w", e.name, err)
		}
	}
	if len(command) == 0 {
		return nil
	}
	scratch, err := os.MkdirTemp("", "deployer-integration-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	services, err := startAll(chosen, scratch)
	defer func() {
		for _, s := range slices.Backward(services) {
			err = errors.Join(err, s.stop())
		}
	}()
	if err != nil {
		return err
	}
	endpoints := map[string][]string{}
	for i, s := range services {
		if err := s.ready(ctx); err != nil {
			return err
		}
		for _, variable := range chosen[i].variables {
			endpoints[variable] = append(endpoints[variable], s.name+"="+s.url)
		}
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Env = stdout, stderr, os.Environ()
	for variable, list := range endpoints {
		cmd.Env = append(cmd.Env, variable+"="+strings.Join(list, ","))
	}
	p, err := startProcess(command[0], cmd)
	if err != nil {
		return err
	}
	return errors.Join(p.wait(ctx), fallen(services))
}

// startAll starts them side by side, each on a free port with its own folders in scratch. Those that are returned run,
// with an error too.
func startAll(chosen []emulator, scratch string) ([]*service, error) {
	ports, err := freePorts(len(chosen))
	if err != nil {
		return nil, err
	}
	var services []*service
	for i, e := range chosen {
		s, err := e.start(filepath.Join(scratch, e.name), ports[i])
		if err != nil {
			return services, err
		}
		services = append(services, s)
	}
	return services, nil
}

func (e emulator) start(scratch string, port int) (*service, error) {
	for _, folder := range []string{bucketsFolder, versionsFolder} {
		if err := os.MkdirAll(filepath.Join(scratch, folder), 0o700); err != nil {
			return nil, err
		}
	}
	s := &service{url: fmt.Sprintf("http://127.0.0.1:%d", port), log: filepath.Join(scratch, "log")}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has it by then
	command := e.command(scratch, port)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = scratch, log, log
	s.process, err = startProcess(e.name, cmd)
	return s, err
}

// fallen tells of those that ended while the command ran: its failures then mean nothing.
func fallen(services []*service) error {
	var failures []error
	for _, s := range services {
		if s.hasEnded() {
			failures = append(failures, fmt.Errorf("%s ended while the command ran: %s", s.name, s.lastWords()))
		}
	}
	return errors.Join(failures...)
}
