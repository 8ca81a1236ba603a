package bundle

// Limits bound what a bundle may cost to read. A zero field means the default of that field.
type Limits struct {
	Zip     int64 // bytes of the zip
	Total   int64 // bytes of all YAML files together, counted while reading
	File    int64 // bytes of one YAML file
	Entries int   // entries of a zip, of any sort; YAML files of a folder
}

// The bounds that no configuration moves.
const (
	maxPath     = 512 // bytes of a path
	maxSegments = 32  // folders and name in a path
	// A YAML entry this large that shrank this much was made to be expanded, not to be read.
	bombSize  = 64 << 10
	bombRatio = 100
	// A folder may hold this many times Entries other files and folders before the walk gives up.
	otherEntries = 40
)

// DefaultLimits are what holds unless the installation's configuration raises it.
func DefaultLimits() Limits {
	return Limits{Zip: 10 << 20, Total: 50 << 20, File: 256 << 10, Entries: 5000}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	if l.Zip == 0 {
		l.Zip = d.Zip
	}
	if l.Total == 0 {
		l.Total = d.Total
	}
	if l.File == 0 {
		l.File = d.File
	}
	if l.Entries == 0 {
		l.Entries = d.Entries
	}
	return l
}
