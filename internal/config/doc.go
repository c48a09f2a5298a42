// Package config reads the configuration of a node: one YAML file, with the
// environment above it and defaults below.
//
// It is strict. A key that is not known, is there twice, has the wrong type or
// an unresolved reference such as ${X} as its value is an error, and so is what
// contradicts itself; [Load] reports all of it at once, each with file, line
// and key, and with the key that was probably meant. Nothing is half-applied:
// there is a whole [Config] or there are [Faults].
//
// The comments of the struct's fields are the manual. docs/reference/config.md
// and its JSON Schema are made from them, and a test keeps them equal.
package config
