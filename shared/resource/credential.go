package resource

import (
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

func (b *builder) checkCredentials(d *document.Document) { b.ds.Append(credentials(d, b.ds)) }

// Credentials reports texts of documents as they were written, before any merging, that look like credentials, by their
// place alone. What known reports of secrets is not told twice.
func Credentials(documents []*document.Document, known diag.List) diag.List {
	s := newScan(known)
	for _, d := range documents {
		s.document(d)
	}
	return s.ds
}

func credentials(d *document.Document, known diag.List) diag.List {
	s := newScan(known)
	s.document(d)
	return s.ds
}

type scan struct {
	known map[diag.Position]bool // places that are reported
	ds    diag.List
}

func newScan(known diag.List) scan {
	s := scan{known: map[diag.Position]bool{}}
	for _, k := range known {
		if k.Code == CodeSecretLiteral || k.Code == CodeCredential {
			s.known[k.Position] = true
		}
	}
	return s
}

func (s *scan) document(d *document.Document) {
	s.look(d.Spec)
	s.look(d.Metadata.Node.Get("labels"))
	s.look(d.Metadata.Node.Get("annotations"))
}

// minCredential is shorter than anything that document.LooksLikeCredential finds.
const minCredential = 8

func (s *scan) look(n document.Node) {
	switch n.Kind() {
	case document.Map:
		for _, value := range n.Each() {
			s.look(value)
		}
	case document.List:
		for _, item := range n.Items() {
			s.look(item)
		}
	case document.Text:
		s.lookAt(n)
	}
}

func (s *scan) lookAt(n document.Node) {
	text, _ := n.Text()
	if len(text) < minCredential {
		return
	}
	what, found := document.LooksLikeCredential(text)
	if !found || s.known[n.Position()] {
		return
	}
	s.ds.Errorf(CodeCredential, n.Position(), n.Path(), "this looks like %s", what).
		WithHint("keep it in Secrets Manager, write secretRef: {name: NAME}, and exchange it: it has been written down")
}
