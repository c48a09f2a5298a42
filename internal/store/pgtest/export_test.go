package pgtest

// Opened for tests, which cannot uninstall the server of the machine.
var (
	FindProgramsIn = findPrograms
	WithDatabase   = withDatabase
)
