package bundle_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
)

// raw is a zip entry of which every field can lie. Zero fields tell the truth about content.
type raw struct {
	name         string
	content      []byte
	store        bool
	method       uint16 // instead of store or deflate
	flags        uint16
	mode         uint32 // Unix mode with type bits
	crc          *uint32
	compressed   *uint32
	uncompressed *uint32
	offset       *uint32
	sharesWith   int // 1 + the index of the entry whose local header this one points to
}

func value(n uint32) *uint32 { return &n }

func or(n *uint32, otherwise uint32) uint32 {
	if n != nil {
		return *n
	}
	return otherwise
}

// rawZip writes the entries as told.
func rawZip(entries ...raw) []byte {
	var out, directory bytes.Buffer
	offsets := make([]uint32, len(entries))
	for i, e := range entries {
		packed, method := e.content, uint16(0)
		if !e.store {
			packed, method = deflate(e.content), 8
		}
		if e.method != 0 {
			method = e.method
		}
		crc := or(e.crc, crc32.ChecksumIEEE(e.content))
		compressed, uncompressed := or(e.compressed, uint32(len(packed))), or(e.uncompressed, uint32(len(e.content)))
		offsets[i] = uint32(out.Len())
		if e.sharesWith == 0 {
			write(&out, uint32(0x04034b50), uint16(20), e.flags, method, uint32(0), crc, compressed, uncompressed, uint16(len(e.name)), uint16(0))
			out.WriteString(e.name)
			out.Write(packed)
		} else {
			offsets[i] = offsets[e.sharesWith-1]
		}
		write(&directory, uint32(0x02014b50), uint16(3<<8|20), uint16(20), e.flags, method, uint32(0), crc, compressed, uncompressed,
			uint16(len(e.name)), uint16(0), uint16(0), uint16(0), uint16(0), e.mode<<16, or(e.offset, offsets[i]))
		directory.WriteString(e.name)
	}
	start := uint32(out.Len())
	out.Write(directory.Bytes())
	write(&out, uint32(0x06054b50), uint16(0), uint16(0), uint16(len(entries)), uint16(len(entries)), uint32(directory.Len()), start, uint16(0))
	return out.Bytes()
}

func write(out *bytes.Buffer, fields ...any) {
	for _, f := range fields {
		if err := binary.Write(out, binary.LittleEndian, f); err != nil {
			panic(err)
		}
	}
}

func deflate(content []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 9)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return out.Bytes()
}
