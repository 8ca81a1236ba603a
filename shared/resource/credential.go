package resource

import (
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

func (b *builder) checkCredentials(d *document.Document) { b.ds.Append(credentials(d, b.ds)) }

// credentials reports texts of a document that look like credentials, by their place alone. Where a secret's field was
// refused already, known says so.
func credentials(d *document.Document, known diag.List) diag.List {
	s := scan{}
	for _, k := range known {
		if k.Code == CodeSecretLiteral {
			s.known = append(s.known, k.Position)
		}
	}
	s.look(d.Spec)
	s.look(d.Metadata.Node.Get("labels"))
	s.look(d.Metadata.Node.Get("annotations"))
	return s.ds
}

type scan struct {
	known []diag.Position
	ds    diag.List
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
	if !found {
		return
	}
	for _, position := range s.known {
		if position == n.Position() {
			return
		}
	}
	s.ds.Errorf(CodeCredential, n.Position(), n.Path(), "this looks like %s", what).
		WithHint("keep it in Secrets Manager, write secretRef: {name: NAME}, and exchange it: it has been written down")
}
