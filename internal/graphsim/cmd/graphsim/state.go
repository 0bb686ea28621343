package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// stateFile is the content of state and seed files: Graph's own property names.
type stateFile struct {
	Identities []graphsim.Identity `json:"identities"`
}

// startingIdentities reads the state file, or the seed where there is no state yet.
func startingIdentities(state, seed string) ([]graphsim.Identity, error) {
	if state != "" {
		identities, err := readIdentities(state)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return identities, err
		}
	}
	if seed == "" {
		return nil, nil
	}
	return readIdentities(seed)
}

func readIdentities(path string) ([]graphsim.Identity, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file stateFile
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: want {\"identities\": [...]} with Graph's property names: %w", path, err)
	}
	return file.Identities, nil
}

// stateSaver writes the tenant's identities to a file when they have changed.
type stateSaver struct {
	mu       sync.Mutex
	path     string
	warnings io.Writer
	server   *graphsim.Server
	saved    int // revision
}

// start tells the saver its server, which needs the saver to be made.
func (s *stateSaver) start(server *graphsim.Server) {
	s.mu.Lock()
	s.server, s.saved = server, -1
	s.mu.Unlock()
	s.save()
}

func (s *stateSaver) save() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" || s.server == nil {
		return
	}
	// Read before the identities: a change in between is saved twice rather than never.
	revision := s.server.Revision()
	if revision == s.saved {
		return
	}
	content, err := json.MarshalIndent(stateFile{Identities: s.server.Tenant().Identities()}, "", "  ")
	if err == nil {
		err = writeFile(s.path, append(content, '\n'), 0o600)
	}
	if err != nil {
		fmt.Fprintf(s.warnings, "graphsim: save state: %v\n", err)
		return
	}
	s.saved = revision
}

// writeFile replaces a file at once, so that nobody reads half of it.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if chmodErr := temporary.Chmod(mode); err == nil {
		err = chmodErr
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name()) // the first error says more
	}
	return err
}
