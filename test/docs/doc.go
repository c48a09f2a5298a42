// Package docs keeps what the pages say true: links lead somewhere, commands and
// flags exist, targets of make exist, and documents that a reader may paste would
// be taken.
//
// What the command line has is read from docs/reference/cli.md, which a test of
// cmd/sallyport keeps equal to the program.
package docs
