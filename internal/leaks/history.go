package leaks

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// ErrNoGit says that there is no git on this machine.
var ErrNoGit = errors.New("git is not installed; the history cannot be read without it")

// History scans every version of every file that is reachable in the git repository
// at path, each content once, at the first commit that git names for it.
func History(ctx context.Context, path string, found func(Find)) error {
	git, err := exec.LookPath("git")
	if err != nil {
		return ErrNoGit
	}
	h := history{ctx: ctx, git: git, path: path}
	if err := h.list(); err != nil {
		return err
	}
	return h.read(found)
}

// A history is the contents of a repository.
type history struct {
	ctx       context.Context //nolint:containedctx // of one call
	git, path string
	blobs     []blob
}

// A blob is one content of a file.
type blob struct{ id, name, commit string }

func (h *history) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	c := exec.CommandContext(h.ctx, h.git, append([]string{"-C", h.path}, args...)...)
	said := &bytes.Buffer{}
	c.Stderr = said
	return c, said
}

// list finds the contents, with the commit and the name that each came with first.
func (h *history) list() error {
	// Oldest first, each with what it added or changed: mode, mode, id, id, status,
	// then the name, all separated by NUL.
	c, said := h.command("log", "--all", "--reverse", "--no-renames", "--root", "-m", "--raw", "-z", "--no-abbrev", "--format=commit %H")
	out, err := c.StdoutPipe()
	if err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	known, commit, id := map[string]bool{}, "", ""
	words := bufio.NewScanner(out)
	words.Buffer(make([]byte, 0, 64<<10), maxLine)
	words.Split(byNUL)
	for words.Scan() {
		word := strings.TrimLeft(words.Text(), "\n")
		switch fields := strings.Fields(word); {
		case id != "": // the word is a name
			if !known[id] {
				known[id] = true
				h.blobs = append(h.blobs, blob{id, words.Text(), commit})
			}
			id = ""
		case strings.HasPrefix(word, "commit "):
			commit = strings.TrimPrefix(word, "commit ")
		case len(fields) == 5 && strings.HasPrefix(word, ":"):
			id = fields[3]
		}
	}
	read := words.Err()
	if err := c.Wait(); err != nil {
		return fmt.Errorf("read the history of %s: %w: %s", h.path, err, firstLine(said))
	}
	return read
}

// byNUL splits at NUL bytes, and lines with a commit, which end like lines.
func byNUL(data []byte, atEOF bool) (advance int, word []byte, err error) { //nolint:revive // it is a bufio.SplitFunc
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// read scans the contents, all through one process of git.
func (h *history) read(found func(Find)) error {
	c, said := h.command("cat-file", "--batch")
	in, err := c.StdinPipe()
	if err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	go func() { // ends when git has read all, or is gone
		for _, b := range h.blobs {
			if _, err := io.WriteString(in, b.id+"\n"); err != nil {
				break
			}
		}
		_ = in.Close() // git notices
	}()
	err = h.scan(bufio.NewReaderSize(out, 64<<10), found)
	if err != nil {
		_, _ = io.Copy(io.Discard, out) // so that git can end
	}
	if waited := c.Wait(); waited != nil && err == nil {
		err = fmt.Errorf("read the history of %s: %w: %s", h.path, waited, firstLine(said))
	}
	return err
}

// scan reads what git answers: "ID blob SIZE", the content and a line end, or
// "ID missing".
func (h *history) scan(out *bufio.Reader, found func(Find)) error {
	for _, b := range h.blobs {
		head, err := out.ReadString('\n')
		if err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
		fields := strings.Fields(head)
		if len(fields) != 3 {
			continue // a submodule, or what a shallow clone does not have
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return fmt.Errorf("git said %q", strings.TrimSpace(head))
		}
		content := io.LimitReader(out, size)
		if fields[1] == "blob" {
			err = Scan(content, b.name, func(f Find) {
				f.Commit = b.commit
				found(f)
			})
		}
		if _, rest := io.Copy(io.Discard, content); err == nil {
			err = rest
		}
		if err == nil {
			_, err = out.Discard(1)
		}
		if err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
	}
	return nil
}

func firstLine(b *bytes.Buffer) string {
	line, _, _ := strings.Cut(strings.TrimSpace(b.String()), "\n")
	return line
}
