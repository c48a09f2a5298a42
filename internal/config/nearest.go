package config

import "strings"

// Nearest returns the candidate that word was probably meant to be, or "" if
// none is near. Letter case and the difference of "-" and "_" do not count.
func Nearest(word string, candidates []string) string {
	best, least := "", max(len(word)/3, 1)+1
	word = foldKey(word)
	for _, c := range candidates {
		if d := distance(word, foldKey(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

func foldKey(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance returns how many letters have to be added, removed, replaced or
// swapped with their neighbour to make b of a. Words of more than 64 bytes are
// far from everything.
func distance(a, b string) int {
	const far = 64
	if len(a) > far || len(b) > far {
		return far
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
