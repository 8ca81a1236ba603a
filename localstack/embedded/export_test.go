package embedded

import "context"

// Keep sees to the locks once, as a running process does every minute.
func (e *Environment) Keep(ctx context.Context) { e.keep(ctx) }
