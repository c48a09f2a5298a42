// Package strictjson reads JSON that people and programs send, and says what is
// wrong with it so that they can put it right.
//
// encoding/json is lenient where leniency is dangerous: it takes "ROLES" for
// "roles", of a name that is there twice the last one, and replaces bytes that
// are not UTF-8. Two programs that read the same text can then see different
// things. Here names are compared exactly, unknown names and names that are
// there twice are faults, and so are bytes that are not UTF-8, lone surrogates,
// NUL characters, data after the value, null where a value belongs, and nesting
// beyond [MaxDepth].
//
// A fault names the path of the field and the cure. It never quotes a value,
// since that may be a secret.
package strictjson
