// Package systems tries the five systems whose clients are to work unmodified:
// each *.txtar file is a few exchanges, as bytes, with the demonstration of the
// built program over a socket. README.md says how a file is written.
package systems
