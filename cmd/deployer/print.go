package main

import artifacts "github.com/deployer-io/deployer/shared/run"

// print writes a value as JSON to standard output, in the form of the artifacts.
func (o *options) print(value any) error {
	data, err := artifacts.Encode(value)
	if err != nil {
		return err
	}
	_, err = o.out.Write(data)
	return err
}
