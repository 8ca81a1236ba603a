package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// roleVariable makes the test binary play another program: an emulator, a command, or this program itself.
const roleVariable = "DEPLOYER_TEST_INTEGRATION_ROLE"

func TestMain(m *testing.M) {
	last := os.Args[len(os.Args)-1]
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "emulator":
		listener, err := net.Listen("tcp", "127.0.0.1:"+last)
		check(err)
		serve(listener, 0)
	case "parent emulator":
		beParent(last)
	case "child":
		listener, err := net.FileListener(os.NewFile(3, "listener"))
		check(err)
		serve(listener, 0)
	case "broken emulator":
		fmt.Println("the disk is full")
		os.Exit(3)
	case "command", "staying command", "ending command":
		command(role)
	case "runner":
		one := []emulator{installed("one", "emulator", last)}
		check(run(context.Background(), one, as("staying command"), os.Stdout, os.Stderr))
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// serve tells its process and its child's port, and ends when it is asked to.
func serve(listener net.Listener, child int) {
	check(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			fmt.Println("out of memory")
			os.Exit(4)
		}
		fmt.Fprint(w, os.Getpid(), child)
	})))
}

// beParent serves on the port, and a child on a port of its own.
func beParent(port string) {
	own, err := net.Listen("tcp", "127.0.0.1:"+port)
	check(err)
	childs, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	file, err := childs.(*net.TCPListener).File()
	check(err)
	child := exec.Command(os.Args[0])
	child.Env, child.ExtraFiles = append(os.Environ(), roleVariable+"=child"), []*os.File{file}
	check(child.Start())
	check(errors.Join(file.Close(), childs.Close()))
	serve(own, childs.Addr().(*net.TCPAddr).Port)
}

// command prints for each emulator its name, its port and its child's; then it stays, or ends them and waits for that.
func command(role string) {
	var pids []int
	for pair := range strings.SplitSeq(os.Getenv(s3Endpoints), ",") {
		name, url, _ := strings.Cut(pair, "=")
		response, err := http.Get(url)
		check(err)
		body, err := io.ReadAll(response.Body)
		check(errors.Join(err, response.Body.Close()))
		var pid, child int
		_, err = fmt.Sscan(string(body), &pid, &child)
		check(err)
		pids = append(pids, pid)
		fmt.Println(name, strings.TrimPrefix(url, "http://127.0.0.1:"), child)
	}
	switch role {
	case "staying command":
		select {}
	case "ending command":
		for pair := range strings.SplitSeq(os.Getenv(s3Endpoints), ",") {
			_, url, _ := strings.Cut(pair, "=")
			if response, err := http.Get(url + "/end"); err == nil { // else it has ended without an answer
				response.Body.Close()
			}
		}
		for _, pid := range pids {
			for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// as is the command line of the test binary in that role.
func as(role string, arguments ...string) []string {
	return append([]string{"env", roleVariable + "=" + role, os.Args[0]}, arguments...)
}

// installed is an emulator that needs no steps, in a folder below parent.
func installed(name, role, parent string) emulator {
	return emulator{name: name, variables: []string{s3Endpoints}, folder: parent + "/" + name,
		command: func(_ string, port int) []string { return as(role, strconv.Itoa(port)) }}
}

func listens(port string) bool {
	connection, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err == nil {
		connection.Close()
	}
	return err == nil
}

// requireGone waits until nobody listens at the ports.
func requireGone(t *testing.T, ports ...string) {
	t.Helper()
	for _, port := range ports {
		require.Eventually(t, func() bool { return !listens(port) }, 20*time.Second, 5*time.Millisecond,
			"a process listens at %s that should be gone", port)
	}
}
