package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	s3Endpoints       = "DEPLOYER_TEST_S3_ENDPOINTS"
	dynamodbEndpoints = "DEPLOYER_TEST_DYNAMODB_ENDPOINTS"
)

const versitygwVersion = "v1.8.0"

// emulator is a service that stands in for one of AWS's.
type emulator struct {
	name      string
	variables []string          // that get its URL
	folder    string            // that it is installed in
	needs     map[string]string // programs, each with the Debian package that has it
	sources   []string          // files that the steps read
	steps     [][]string        // commands that install it, with its version in them or in the sources
	command   func(scratch string, port int) []string
}

// emulators are all that there are, for the repository at root.
func emulators(root string) []emulator {
	cache, source := filepath.Join(root, ".cache", "integration"), filepath.Join(root, "scripts", "integration")
	return []emulator{
		moto(filepath.Join(cache, "moto"), filepath.Join(source, "requirements.txt")),
		dynamodbLocal(filepath.Join(cache, "dynamodb-local"), filepath.Join(source, "dynamodb-local")),
		versitygw(filepath.Join(cache, "versitygw")),
	}
}

// moto answers for S3 and DynamoDB.
func moto(folder, requirements string) emulator {
	pip := []string{filepath.Join(folder, "bin", "pip"), "--quiet", "--disable-pip-version-check", "--no-input"}
	return emulator{
		name: "moto", variables: []string{s3Endpoints, dynamodbEndpoints}, folder: folder,
		needs: map[string]string{"python3": "python3-venv"}, sources: []string{requirements},
		steps: [][]string{
			{"python3", "-m", "venv", folder},
			append(slices.Clone(pip), "install", "--no-deps", "-r", requirements),
			append(slices.Clone(pip), "check"), // that the requirements are whole
		},
		command: func(_ string, port int) []string {
			return []string{filepath.Join(folder, "bin", "moto_server"), "-H", "127.0.0.1", "-p", strconv.Itoa(port)}
		},
	}
}

func dynamodbLocal(folder, source string) emulator {
	pom, main := filepath.Join(source, "pom.xml"), filepath.Join(source, "Loopback.java")
	jars := filepath.Join(folder, "*")
	return emulator{
		name: "dynamodb-local", variables: []string{dynamodbEndpoints}, folder: folder,
		needs:   map[string]string{"java": "default-jdk-headless", "javac": "default-jdk-headless", "mvn": "maven"},
		sources: []string{pom, main},
		steps: [][]string{
			{"mvn", "--quiet", "--batch-mode", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime",
				"-DoutputDirectory=" + folder},
			{"javac", "-nowarn", "-proc:none", "-cp", jars, "-d", folder, main},
		},
		command: func(_ string, port int) []string {
			classes := folder + string(filepath.ListSeparator) + jars
			return []string{"java", "-Djava.library.path=" + folder, "-cp", classes, "Loopback", strconv.Itoa(port)}
		},
	}
}

// versitygw answers for S3 from folders.
func versitygw(folder string) emulator {
	return emulator{
		name: "versitygw", variables: []string{s3Endpoints}, folder: folder,
		needs: map[string]string{"go": "golang"},
		steps: [][]string{{
			"env", "GOBIN=" + folder, "GOFLAGS=", "go", "install",
			"github.com/versity/versitygw/cmd/versitygw@" + versitygwVersion,
		}},
		command: func(scratch string, port int) []string {
			return []string{
				filepath.Join(folder, "versitygw"), "--access", "test", "--secret", "testsecret", "--region", "eu-west-1",
				"--port", fmt.Sprintf("127.0.0.1:%d", port), "--quiet", "posix",
				"--versioning-dir", filepath.Join(scratch, versionsFolder), filepath.Join(scratch, bucketsFolder),
			}
		},
	}
}

// The folders that each emulator finds in its scratch folder.
const (
	bucketsFolder  = "buckets"
	versionsFolder = "versions"
)

// choose returns those of all that have these names, in the order of all.
func choose(all []emulator, names []string) ([]emulator, error) {
	var known []string
	var chosen []emulator
	for _, e := range all {
		known = append(known, e.name)
		if slices.Contains(names, e.name) {
			chosen = append(chosen, e)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no emulator %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}
