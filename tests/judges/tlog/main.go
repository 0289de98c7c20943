// Judges an exported log with code that shares nothing with Forewarn: Go's golang.org/x/mod/sumdb.
//
//	judge FOLDER [FILE-OR-FOLDER ...]
//
// FOLDER holds `vkey`, `checkpoint` and `tile/...` (C2SP tlog-tiles). The judge opens the checkpoint with the
// verifier key, recomputes the whole tree from the records alone, compares every published tile with it, and
// checks inclusion and consistency proofs built from the published tiles.
//
// Every further argument is a proof (`*.tlog-proof`), an older checkpoint (any other file), or a folder of such
// files. Proofs must hold for the record that the folder publishes at their index; older checkpoints, including
// those inside proofs, must be continued by the newest.
//
// Debian: apt-get install golang-go golang-golang-x-mod-dev, then
// GO111MODULE=off GOPATH=/usr/share/gocode go run main.go FOLDER
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height     = 8   // levels in one tile
	width      = 256 // hashes in a full tile
	recordSize = 32  // a record is a SHA-256 commitment
	spread     = 200 // records and sizes that are proven
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: judge FOLDER [FILE-OR-FOLDER ...]")
		os.Exit(2)
	}
	verdict, err := judge(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "REJECTED:", err)
		os.Exit(1)
	}
	fmt.Println(verdict)
}

func judge(dir string, more []string) (string, error) {
	vkey, err := os.ReadFile(filepath.Join(dir, "vkey"))
	if err != nil {
		return "", err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return "", fmt.Errorf("vkey: %w", err)
	}
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(msg, verifier)
	if err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	records, err := readRecords(dir, tree.N)
	if err != nil {
		return "", err
	}
	stored, err := rebuild(records, tree)
	if err != nil {
		return "", err
	}
	if err := compareTiles(dir, stored, records); err != nil {
		return "", err
	}
	published := tlog.TileHashReader(tree, folder(dir))
	if err := proveRecords(published, tree, records); err != nil {
		return "", err
	}
	if err := provePrefixes(published, tree); err != nil {
		return "", err
	}
	files, err := expand(more)
	if err != nil {
		return "", err
	}
	proofs, older := 0, 0
	for _, file := range files {
		if strings.HasSuffix(file, ".tlog-proof") {
			proofs++
			err = judgeProof(file, verifier, published, tree, records)
		} else {
			older++
			err = judgeOlder(file, verifier, published, tree)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
	}
	return fmt.Sprintf("ok: %d records, root %s, %d proof files, %d older checkpoints",
		tree.N, tree.Hash, proofs, older), nil
}

// openCheckpoint checks the signature, then reads origin, size and root.
func openCheckpoint(msg []byte, verifier note.Verifier) (tlog.Tree, error) {
	n, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 {
		return tlog.Tree{}, fmt.Errorf("%d lines, want origin, size and root", len(lines)-1)
	}
	if lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("origin %q, want %q", lines[0], verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("size %q is not a plain number", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("root: %w", err)
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// readRecords reads the bundles tile/entries/..., each record behind its big-endian 16-bit length.
func readRecords(dir string, size int64) ([][]byte, error) {
	var records [][]byte
	for first := int64(0); first < size; first += width {
		count := size - first
		if count > width {
			count = width
		}
		tile := tlog.Tile{H: height, L: 0, N: first / width, W: int(count)}
		path := strings.Replace(published(tile), "tile/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		for i := int64(0); i < count; i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s: cut off in record %d", path, first+i)
			}
			length := int(binary.BigEndian.Uint16(data))
			if length != recordSize {
				return nil, fmt.Errorf("%s: record %d has %d bytes, want %d", path, first+i, length, recordSize)
			}
			records = append(records, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("%s: %d bytes after the last record", path, len(data))
		}
	}
	return records, nil
}

// storage keeps every hash of a tree that was computed here, not read.
type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(s)) {
			return nil, fmt.Errorf("hash %d is not in the tree", index)
		}
		hashes[i] = s[index]
	}
	return hashes, nil
}

// rebuild computes the tree from the records alone and compares its root with the checkpoint's.
func rebuild(records [][]byte, tree tlog.Tree) (storage, error) {
	var stored storage
	for i, record := range records {
		hashes, err := tlog.StoredHashes(int64(i), record, stored)
		if err != nil {
			return nil, err
		}
		stored = append(stored, hashes...)
	}
	root, err := rootOf(tree.N, stored)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, fmt.Errorf("the records hash to root %s, the checkpoint promises %s", root, tree.Hash)
	}
	return stored, nil
}

// compareTiles checks that every tile of this size is published, and that every published file, partial tiles of
// earlier sizes included, is what the records make it.
func compareTiles(dir string, stored storage, records [][]byte) error {
	size := int64(len(records))
	for _, tile := range tlog.NewTiles(height, 0, size) {
		// Go lists a partial tile for every width up to the last; this size needs the last only.
		if tile.W < width && tile.N*width+int64(tile.W) < size>>(height*uint(tile.L)) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(published(tile)))); err != nil {
			return err
		}
	}
	root := filepath.Join(dir, "tile")
	if size == 0 {
		if _, err := os.Stat(root); err == nil {
			return fmt.Errorf("an empty log has no tiles")
		}
		return nil
	}
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		path, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		want, err := expected(path, stored, records)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		got, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s differs from what the records hash to", path)
		}
		return nil
	})
}

// expected computes a published file from the records alone.
func expected(path string, stored storage, records [][]byte) ([]byte, error) {
	name := strings.TrimPrefix(path, "tile/")
	bundle := strings.HasPrefix(name, "entries/")
	if bundle {
		name = "0/" + strings.TrimPrefix(name, "entries/")
	}
	tile, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", height, name))
	if err != nil {
		return nil, err
	}
	if tile.L > 6 || tile.N*width+int64(tile.W) > int64(len(records))>>(height*uint(tile.L)) {
		return nil, fmt.Errorf("lies beyond the %d records of the checkpoint", len(records))
	}
	if !bundle {
		return tlog.ReadTileData(tile, stored)
	}
	var data []byte
	for _, record := range records[tile.N*width : tile.N*width+int64(tile.W)] {
		data = append(data, byte(len(record)>>8), byte(len(record)))
		data = append(data, record...)
	}
	return data, nil
}

// proveRecords proves records from the published tiles, and that a changed record is not proven.
func proveRecords(r tlog.HashReader, tree tlog.Tree, records [][]byte) error {
	for _, i := range spreadOver(0, tree.N-1) {
		proof, err := tlog.ProveRecord(tree.N, i, r)
		if err != nil {
			return fmt.Errorf("inclusion of record %d: %w", i, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(records[i])); err != nil {
			return fmt.Errorf("inclusion of record %d: %w", i, err)
		}
		forged := append([]byte(nil), records[i]...)
		forged[int(i)%len(forged)] ^= 1
		if tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(forged)) == nil {
			return fmt.Errorf("a forged record %d passes", i)
		}
	}
	return nil
}

// provePrefixes proves from the published tiles that the log continues its earlier sizes.
func provePrefixes(r tlog.HashReader, tree tlog.Tree) error {
	for _, old := range spreadOver(1, tree.N) {
		root, err := tlog.TreeHash(old, r)
		if err != nil {
			return fmt.Errorf("root of the first %d records: %w", old, err)
		}
		if err := continues(r, tlog.Tree{N: old, Hash: root}, tree); err != nil {
			return err
		}
		root[int(old)%len(root)] ^= 1
		if continues(r, tlog.Tree{N: old, Hash: root}, tree) == nil {
			return fmt.Errorf("a forged root of the first %d records passes", old)
		}
	}
	return nil
}

func continues(r tlog.HashReader, old, tree tlog.Tree) error {
	if old.N > tree.N {
		return fmt.Errorf("rolled back: %d records were promised, %d are here", old.N, tree.N)
	}
	if old.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, old.N, r)
	if err != nil {
		return fmt.Errorf("consistency %d to %d: %w", old.N, tree.N, err)
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("consistency %d to %d: %w", old.N, tree.N, err)
	}
	return nil
}

func judgeOlder(file string, verifier note.Verifier, r tlog.HashReader, tree tlog.Tree) error {
	msg, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(msg, verifier)
	if err != nil {
		return err
	}
	return continues(r, old, tree)
}

// judgeProof checks a C2SP tlog-proof for the published record at its index.
func judgeProof(file string, verifier note.Verifier, r tlog.HashReader, tree tlog.Tree, records [][]byte) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, checkpoint, found := strings.Cut(string(text), "\n\n")
	if !found {
		return fmt.Errorf("no empty line before the checkpoint")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("first line %q", lines[0])
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		if _, err := base64.StdEncoding.Strict().DecodeString(lines[0][len("extra "):]); err != nil {
			return fmt.Errorf("extra: %w", err)
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return fmt.Errorf("no line `index`")
	}
	index, err := strconv.ParseInt(lines[0][len("index "):], 10, 64)
	if err != nil || index < 0 || lines[0] != fmt.Sprintf("index %d", index) {
		return fmt.Errorf("line %q is not a plain index", lines[0])
	}
	if index >= int64(len(records)) {
		return fmt.Errorf("index %d, but only %d records are published", index, len(records))
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return fmt.Errorf("hash %q: %w", line, err)
		}
		proof = append(proof, hash)
	}
	old, err := openCheckpoint([]byte(checkpoint), verifier)
	if err != nil {
		return fmt.Errorf("checkpoint in the proof: %w", err)
	}
	if err := tlog.CheckRecord(proof, old.N, old.Hash, index, tlog.RecordHash(records[index])); err != nil {
		return fmt.Errorf("record %d in %d: %w", index, old.N, err)
	}
	return continues(r, old, tree)
}

// folder reads tiles as C2SP names them: without the height that Go's paths carry.
type folder string

func (folder) Height() int { return height }

func (folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		var err error
		if data[i], err = os.ReadFile(filepath.Join(string(f), filepath.FromSlash(published(tile)))); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func published(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

func rootOf(size int64, r tlog.HashReader) (tlog.Hash, error) {
	if size == 0 {
		// RFC 6962 section 2.1: the hash of the empty text. Older Go libraries answer zeros.
		return tlog.ParseHash("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	}
	return tlog.TreeHash(size, r)
}

// spreadOver picks up to `spread` numbers from first to last, both included, with the tiles' edges.
func spreadOver(first, last int64) []int64 {
	var picked []int64
	step := (last-first)/spread + 1
	for i := first; i <= last; i += step {
		picked = append(picked, i)
	}
	for _, edge := range []int64{last, width - 1, width, width*width - 1, width * width} {
		if first <= edge && edge <= last {
			picked = append(picked, edge)
		}
	}
	return picked
}

// expand replaces folders by the files in them.
func expand(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			files = append(files, filepath.Join(arg, entry.Name()))
		}
	}
	return files, nil
}
