// Lets the functions of go:linkname stand without bodies.
