package target_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/doors/target"
)

// A row of the corpus: what a client sent, and the path that both doors and the
// upstream see, or the fault.
type row struct {
	raw   string
	path  string
	fault target.Fault
}

// corpus holds shapes that clients, scanners and attackers send. It is the seed
// of the fuzz test too.
var corpus = []row{
	// Plain paths are themselves.
	{"/", "/", target.OK},
	{"/admin", "/admin", target.OK},
	{"/admin/", "/admin/", target.OK},
	{"/pub/a.b/c-d_e~f", "/pub/a.b/c-d_e~f", target.OK},
	{"/a:b/c@d/e=f/g,h/(i)'j'*k!$&", "/a:b/c@d/e=f/g,h/(i)'j'*k!$&", target.OK},
	{"/a+b", "/a+b", target.OK},
	{"/a%2Bb", "/a%2Bb", target.OK},
	{"/...", "/...", target.OK},
	{"/.../x", "/.../x", target.OK},
	{"/.well-known/jwks.json", "/.well-known/jwks.json", target.OK},
	{"/admin.", "/admin.", target.OK},
	{"/api../x", "/api../x", target.OK},
	{"/..x", "/..x", target.OK},
	{"/x..", "/x..", target.OK},
	{"/admin.json", "/admin.json", target.OK},
	{"/admin~", "/admin~", target.OK},
	{"/admin.css", "/admin.css", target.OK},
	{"/api/authenticate/login=admin", "/api/authenticate/login=admin", target.OK},

	// One spelling for one character.
	{"/%61dmin/x", "/admin/x", target.OK},
	{"/%41dmin", "/Admin", target.OK},
	{"/admi%6E", "/admin", target.OK},
	{"/admi%6e", "/admin", target.OK},
	{"/%61%64%6d%69%6e", "/admin", target.OK},
	{"/a%2Db%5Fc%7Ed", "/a-b_c~d", target.OK},
	{"/a%2db%5fc%7ed", "/a-b_c~d", target.OK},
	{"/index%2Ehtml", "/index.html", target.OK},
	{"/things%3Apurge", "/things:purge", target.OK},
	{"/u/a%40b", "/u/a@b", target.OK},
	{"/login%3Dadmin", "/login=admin", target.OK},
	{"/%21%24%26%27%28%29%2a%2c", "/!$&'()*,", target.OK},
	{"/a%2bb", "/a%2Bb", target.OK},
	{"/admin%20", "/admin%20", target.OK},
	{"/admin/%20", "/admin/%20", target.OK},
	{"/a b", "", target.ControlCharacter},
	{"/[x]", "/%5Bx%5D", target.OK},
	{"/%5bx%5d", "/%5Bx%5D", target.OK},
	{"/{id}", "/%7Bid%7D", target.OK},
	{"/%7bid%7d", "/%7Bid%7D", target.OK},
	{"/a|b^c`d\"e<f>", "/a%7Cb%5Ec%60d%22e%3Cf%3E", target.OK},
	{"/caf%c3%a9", "/caf%C3%A9", target.OK},
	{"/cafe%cc%81", "/cafe%CC%81", target.OK},
	{"/%ef%bd%81dmin", "/%EF%BD%81dmin", target.OK},
	{"/%F0%9F%94%91", "/%F0%9F%94%91", target.OK},
	{"/%E2%84%AA", "/%E2%84%AA", target.OK},
	{"/%EF%BF%BD", "/%EF%BF%BD", target.OK},

	// Dot segments.
	{"/pub/../admin/x", "", target.DotSegment},
	{"/..", "", target.DotSegment},
	{"/../", "", target.DotSegment},
	{"/.", "", target.DotSegment},
	{"/./", "", target.DotSegment},
	{"/./admin", "", target.DotSegment},
	{"/admin/.", "", target.DotSegment},
	{"/admin/./", "", target.DotSegment},
	{"/admin/..", "", target.DotSegment},
	{"/pub/%2e%2e/admin/x", "", target.DotSegment},
	{"/pub/.%2e/admin/x", "", target.DotSegment},
	{"/pub/%2E./admin/x", "", target.DotSegment},
	{"/pub/%2e/admin", "", target.DotSegment},
	{"/%2e/admin", "", target.DotSegment},
	{"/%2E%2E/%2E%2E/etc/passwd", "", target.DotSegment},
	{"/users/1/../../admin/public", "", target.DotSegment},
	{"/pub/..%20/admin", "", target.DotSegment},
	{"/pub/.%20%20/admin", "", target.DotSegment},
	{"/pub/%2e%2e%20/admin", "", target.DotSegment},

	// Double encoding.
	{"/pub/%252e%252e/admin", "", target.EncodedPercent},
	{"/%2561dmin", "", target.EncodedPercent},
	{"/pub/..%252f..%252fadmin", "", target.EncodedPercent},
	{"/%25", "", target.EncodedPercent},
	{"/%25%32%65", "", target.EncodedPercent},

	// Slashes.
	{"/pub%2fadmin", "", target.EncodedSlash},
	{"/pub%2Fadmin", "", target.EncodedSlash},
	{"/pub/..%2fadmin", "", target.EncodedSlash},
	{"/pub%2f..%2fadmin", "", target.EncodedSlash},
	{"/..%2f..%2finternal", "", target.EncodedSlash},
	{"/%2fadmin", "", target.EncodedSlash},
	{"/%2f%2fevil.test", "", target.EncodedSlash},
	{"//admin", "", target.EmptySegment},
	{"///admin", "", target.EmptySegment},
	{"//", "", target.EmptySegment},
	{"/pub//../admin", "", target.EmptySegment},
	{"/pub//admin", "", target.EmptySegment},
	{"/admin//", "", target.EmptySegment},
	{"//evil.test/admin", "", target.EmptySegment},
	{"/pub/..\\admin", "", target.Backslash},
	{"/pub/..%5cadmin", "", target.Backslash},
	{"/pub%5c..%5cadmin", "", target.Backslash},
	{"/pub%5C", "", target.Backslash},
	{"\\admin", "", target.NoLeadingSlash},
	{"/\\evil.test", "", target.Backslash},

	// Semicolons.
	{"/admin;x", "", target.Semicolon},
	{"/admin;/", "", target.Semicolon},
	{"/;/admin", "", target.Semicolon},
	{"/pub/..;/admin", "", target.Semicolon},
	{"/pub;a=b/admin", "", target.Semicolon},
	{"/admin%3bx", "", target.Semicolon},
	{"/admin%3B", "", target.Semicolon},
	{"/..;/", "", target.Semicolon},
	{"/pub/%2e%2e;/admin", "", target.Semicolon},

	// Number sign, question mark.
	{"/admin#/pub", "", target.Fragment},
	{"/pub?x#y", "", target.Fragment},
	{"/#", "", target.Fragment},
	{"/admin%23/pub", "", target.EncodedDelimiter},
	{"/admin%3f/pub", "", target.EncodedDelimiter},
	{"/pub%3f", "", target.EncodedDelimiter},
	{"/pub%3F/../admin", "", target.EncodedDelimiter},

	// Controls.
	{"/admin%00", "", target.ControlCharacter},
	{"/adm%00in", "", target.ControlCharacter},
	{"/admin%00.css", "", target.ControlCharacter},
	{"/admin%0a", "", target.ControlCharacter},
	{"/admin%0d%0aX:1", "", target.ControlCharacter},
	{"/admin%09", "", target.ControlCharacter},
	{"/admin%1f", "", target.ControlCharacter},
	{"/admin%7f", "", target.ControlCharacter},
	{"/admin%c2%85", "", target.ControlCharacter},
	{"/admin%C2%80", "", target.ControlCharacter},
	{"/admin\x00", "", target.ControlCharacter},
	{"/admin\t", "", target.ControlCharacter},
	{"/admin\r\nX: 1", "", target.ControlCharacter},
	{"/admin\x7f", "", target.ControlCharacter},
	{"/users/a%0a/public", "", target.ControlCharacter},

	// Broken escapes.
	{"/%", "", target.BadEscape},
	{"/%2", "", target.BadEscape},
	{"/%zz", "", target.BadEscape},
	{"/%2g", "", target.BadEscape},
	{"/%g2", "", target.BadEscape},
	{"/a%", "", target.BadEscape},
	{"/%u002e%u002e/admin", "", target.BadEscape},
	{"/%%32%65", "", target.BadEscape},
	{"/% 2e", "", target.BadEscape},
	{"/%-1", "", target.BadEscape},
	{"/%+f", "", target.BadEscape},

	// Beyond ASCII.
	{"/admın", "", target.NonASCII},
	{"/ａｄｍｉｎ", "", target.NonASCII},
	{"/\xff", "", target.NonASCII},
	{"/\xc0\xae\xc0\xae/admin", "", target.NonASCII},
	{"/%c0%af", "", target.InvalidUTF8},
	{"/%c0%ae%c0%ae/admin", "", target.InvalidUTF8},
	{"/%e0%80%af", "", target.InvalidUTF8},
	{"/%e0%80%ae/admin", "", target.InvalidUTF8},
	{"/%f0%80%80%af", "", target.InvalidUTF8},
	{"/%f8%80%80%80%af", "", target.InvalidUTF8},
	{"/%c1%9c", "", target.InvalidUTF8},
	{"/%ff", "", target.InvalidUTF8},
	{"/%fe%ff", "", target.InvalidUTF8},
	{"/%80", "", target.InvalidUTF8},
	{"/%c3", "", target.InvalidUTF8},
	{"/%c3x", "", target.InvalidUTF8},
	{"/%c3%28", "", target.InvalidUTF8},
	{"/%c3%zz", "", target.InvalidUTF8},
	{"/%ed%a0%80", "", target.InvalidUTF8},
	{"/%ed%b0%80", "", target.InvalidUTF8},
	{"/%f4%90%80%80", "", target.InvalidUTF8},

	// Forms of the target.
	{"", "", target.TargetMissing},
	{"*", "", target.AsteriskForm},
	{"**", "", target.NoLeadingSlash},
	{"admin", "", target.NoLeadingSlash},
	{"admin/x", "", target.NoLeadingSlash},
	{"?x", "", target.NoLeadingSlash},
	{".", "", target.NoLeadingSlash},
	{"../admin", "", target.NoLeadingSlash},
	{"%2fadmin", "", target.NoLeadingSlash},
	{" /admin", "", target.NoLeadingSlash},
	{"@evil.test/admin", "", target.NoLeadingSlash},
	{"api.test:443", "", target.AuthorityForm},
	{"127.0.0.1:80", "", target.AuthorityForm},
	{"http:/admin", "", target.NoLeadingSlash},
	{"http:admin", "", target.AuthorityForm},
	{"ftp://api.test/admin", "", target.NoLeadingSlash},
	{"javascript:alert(1)", "", target.AuthorityForm},
	{"http://api.test/admin", "/admin", target.OK},
	{"HTTP://api.test/%61dmin", "/admin", target.OK},
	{"https://api.test", "/", target.OK},
	{"http://api.test?x=1", "/", target.OK},
	{"http://api.test/../admin", "", target.DotSegment},
	{"http://api.test//admin", "", target.EmptySegment},
	{"http://u:p@api.test/admin", "", target.Userinfo},
	{"http://u@api.test/admin", "", target.Userinfo},
	{"http://@api.test/admin", "", target.Userinfo},
	{"http://api.test#/admin", "", target.Fragment},
	{"http://api.test\\@evil.test/", "", target.Backslash},
	{"http:///admin", "", target.HostMissing},
	{"http://", "", target.HostMissing},
	{"http://a b/admin", "", target.HostMalformed},

	// The query takes no part, but must fit a request line.
	{"/admin?", "/admin", target.OK},
	{"/admin??", "/admin", target.OK},
	{"/admin/?x", "/admin/", target.OK},
	{"/admin?x=/../%2e%2e//;\\%zz%00", "/admin", target.OK},
	{"/x?json={\"a\":'%.fr'}", "/x", target.OK},
	{"/x?a b", "", target.ControlCharacter},
	{"/x?a\x00", "", target.ControlCharacter},
	{"/x?é", "", target.NonASCII},

	// Size.
	{"/" + strings.Repeat("a", target.MaxPath-1), "/" + strings.Repeat("a", target.MaxPath-1), target.OK},
	{"/" + strings.Repeat("a", target.MaxPath), "", target.PathTooLong},
	{"/" + strings.Repeat("<", target.MaxPath/2), "", target.PathTooLong},
	{strings.Repeat("/a", target.MaxSegments), strings.Repeat("/a", target.MaxSegments), target.OK},
	{strings.Repeat("/a", target.MaxSegments) + "/", "", target.TooManySegments},
	{strings.Repeat("/a", 4000), "", target.TooManySegments},
	{"/?" + strings.Repeat("q", target.MaxQuery), "/", target.OK},
	{"/?" + strings.Repeat("q", target.MaxQuery+1), "", target.QueryTooLong},
	{"/?" + strings.Repeat("q", target.MaxTarget), "", target.TargetTooLong},
	{"http://" + strings.Repeat("h", target.MaxTarget), "", target.TargetTooLong},
}

func TestParseCorpus(t *testing.T) {
	t.Parallel()
	if len(corpus) < 150 {
		t.Fatalf("the corpus has shrunk to %d rows", len(corpus))
	}
	for _, r := range corpus {
		got, fault := target.Parse("GET", r.raw, "api.test", target.Options{})
		if fault != r.fault || got.Path != r.path {
			t.Errorf("Parse(%.80q) = %.80q, %v; want %.80q, %v", r.raw, got.Path, fault, r.path, r.fault)
		}
	}
}

func TestParseOptions(t *testing.T) {
	t.Parallel()
	slash := target.Options{AllowEncodedSlash: true}
	semicolon := target.Options{AllowSemicolon: true}
	empty := target.Options{AllowEmptySegments: true}
	all := target.Options{AllowEncodedSlash: true, AllowSemicolon: true, AllowEmptySegments: true}
	for _, tt := range []struct {
		opt target.Options
		row
	}{
		{slash, row{"/p/group%2fproject", "/p/group%2Fproject", target.OK}},
		{slash, row{"/p/a%2F", "/p/a%2F", target.OK}},
		{slash, row{"/p/a%2F..%2Fb", "", target.DotSegment}},
		{slash, row{"/p/..%2Fb", "", target.DotSegment}},
		{slash, row{"/p/%2e%2e%2fb", "", target.DotSegment}},
		{slash, row{"/p/a%2f%2e", "", target.DotSegment}},
		{slash, row{"/p/a%2F%2Fb", "", target.EmptySegment}},
		{slash, row{"/%2Fevil.test", "", target.EmptySegment}},
		{slash, row{"/p%2F/b", "", target.EmptySegment}},
		{slash, row{"/a%252Fb", "", target.EncodedPercent}},
		{slash, row{"/a%5Cb", "", target.Backslash}},
		{slash, row{"/a;b", "", target.Semicolon}},
		{slash, row{"/a//b", "", target.EmptySegment}},
		{slash, row{"/a" + strings.Repeat("%2Fa", target.MaxSegments), "", target.TooManySegments}},
		{semicolon, row{"/a;v=1/b", "/a;v=1/b", target.OK}},
		{semicolon, row{"/a%3bv/b", "/a%3Bv/b", target.OK}},
		{semicolon, row{"/..;/admin", "", target.DotSegment}},
		{semicolon, row{"/a/.;x=1/b", "", target.DotSegment}},
		{semicolon, row{"/a/..%3bx/b", "", target.DotSegment}},
		{semicolon, row{"/a/%2e%2e;%3b/b", "", target.DotSegment}},
		{semicolon, row{"/;/admin", "", target.EmptySegment}},
		{semicolon, row{"/a/;x", "", target.EmptySegment}},
		{semicolon, row{"/a/%3b/x", "", target.EmptySegment}},
		{semicolon, row{"/a%2fb", "", target.EncodedSlash}},
		{empty, row{"/a//b", "/a//b", target.OK}},
		{empty, row{"/a///", "/a///", target.OK}},
		{empty, row{"//a", "", target.EmptySegment}},
		{empty, row{"//", "", target.EmptySegment}},
		{empty, row{"/a//../b", "", target.DotSegment}},
		{empty, row{"/a;b", "", target.Semicolon}},
		{all, row{"/a//;x/b%2F%2Fc", "/a//;x/b%2F%2Fc", target.OK}},
		{all, row{"/%2F/a", "", target.EmptySegment}},
		{all, row{"/;x/a", "", target.EmptySegment}},
		{all, row{"/a%2F..;x%2Fb", "", target.DotSegment}},
		{all, row{"/a/%00", "", target.ControlCharacter}},
	} {
		got, fault := target.Parse("GET", tt.raw, "api.test", tt.opt)
		if fault != tt.fault || got.Path != tt.path {
			t.Errorf("Parse(%q, %+v) = %q, %v; want %q, %v", tt.raw, tt.opt, got.Path, fault, tt.path, tt.fault)
		}
	}
}
