package admin

import "github.com/sallyport/sallyport"

// AnyVersion, in place of the version that was read, changes a thing whatever
// its version is.
const AnyVersion int64 = -1

// versioned checks that the caller said which version he read.
func versioned(ifVersion int64) error {
	switch {
	case ifVersion == 0:
		return &sallyport.Error{
			Kind:    sallyport.MissingMatch,
			Message: "say which version you read; with If-Match and the ETag of what you read",
		}
	case ifVersion < AnyVersion:
		return sallyport.ErrInvalid("version", "is not a version; versions count from 1")
	}
	return nil
}

// matches checks a version against the one there is.
func matches(what string, ifVersion, there int64) error {
	if ifVersion != AnyVersion && ifVersion != there {
		return &sallyport.Error{
			Kind:    sallyport.Changed,
			Message: "the " + what + " was changed by somebody else; read it again",
		}
	}
	return nil
}
