// See: https://docs.docker.com/build/concepts/context/#git-repositories
#include "parser/git_reference.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "parser/clean_path.h"
#include "parser/go_url.h"
#include "parser/url_text.h"

namespace ibuild::parser {

namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

struct Located {
  GitReference reference;
  Query query;
};

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_made_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [others](char c) {
    return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

/// "scheme" of "scheme://…"; empty when there is none.
std::string scheme_of(std::string_view text) {
  const auto end = text.find("://");
  if (end == std::string_view::npos || !is_made_of(text.substr(0, end), "")) return {};
  return base::to_lower(text.substr(0, end));
}

void read_fragment(std::string_view fragment, GitReference& reference) {
  if (fragment.empty()) return;
  const auto colon = fragment.find(':');
  reference.ref = fragment.substr(0, colon);
  if (colon == std::string_view::npos) return;
  reference.subdir = clean_path("/" + std::string(fragment.substr(colon + 1))).substr(1);
}

/// A reference by URL; none when it is no URL of a repository.
std::optional<Located> locate_url(std::string_view text, const std::string& scheme) {
  std::optional<GoUrl> url = read_go_url(text);
  if (!url) return std::nullopt;
  const bool is_http = scheme == "http" || scheme == "https";
  if (is_http && !url->path.ends_with(".git")) return std::nullopt;
  Located located;
  located.reference.remote = std::move(url->location);
  located.reference.is_unencrypted = scheme == "http" || scheme == "git";
  located.query = std::move(url->query);
  read_fragment(url->fragment, located.reference);
  return located;
}

/// "github.com/owner/repo", the short form of old.
std::optional<Located> locate_github(std::string_view text) {
  auto located = locate_url(text, "");
  if (located) located->reference.looks_local = true;
  return located;
}

/// "user@host:path", as scp has it.
std::optional<Located> locate_scp(std::string_view text) {
  const auto at = text.find('@');
  const auto colon = text.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon < at)
    return std::nullopt;
  const bool is_plain = is_made_of(text.substr(0, at), "-_") &&
                        is_made_of(text.substr(at + 1, colon - at - 1), "-.") &&
                        text.find('\n') == std::string_view::npos;
  if (!is_plain) return std::nullopt;
  std::string_view rest = text.substr(colon);
  const auto hash = rest.find('#');
  const std::string_view fragment = hash == std::string_view::npos ? "" : rest.substr(hash + 1);
  rest = rest.substr(0, hash);
  const auto mark = rest.find('?');
  auto query = parse_query(mark == std::string_view::npos ? "" : rest.substr(mark + 1));
  if (!query) return std::nullopt;
  Located located;
  located.reference.remote = std::string(text.substr(0, colon)) + std::string(rest.substr(0, mark));
  located.query = *std::move(query);
  read_fragment(fragment, located.reference);
  return located;
}

std::optional<Located> locate(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // no program can be told it
  if (text.starts_with("./") || text.starts_with("../")) return std::nullopt;
  if (text.starts_with("github.com/")) return locate_github(text);
  const std::string scheme = scheme_of(text);
  if (scheme.empty()) return locate_scp(text);
  const bool is_known = scheme == "http" || scheme == "https" || scheme == "ssh" || scheme == "git";
  return is_known ? locate_url(text, scheme) : std::nullopt;
}

[[noreturn]] void fail(std::string message) { throw base::UsageError(std::move(message)); }

void set_once(std::string& target, const std::string& value, const std::string& what) {
  if (!target.empty() && target != value) {
    fail(what + " conflicts: \"" + base::printable(target) + "\" vs \"" + base::printable(value) +
         "\"");
  }
  target = value;
}

bool read_switch(const std::string& key, const std::string& value) {
  if (value.empty()) return true;
  const auto parsed = base::parse_go_bool(value);
  if (!parsed) fail("invalid " + key + " value: \"" + base::printable(value) + "\"");
  return *parsed;
}

std::string with_prefix(const std::string& text, const std::string& prefix) {
  return text.starts_with(prefix) ? text : prefix + text;
}

/// Puts the options of a query into a reference.
class QueryReader {
 public:
  explicit QueryReader(GitReference& reference) : reference_(reference) {}

  void read(const Query& query) {
    for (const auto& [key, value] : query) {
      if (!seen_.insert(key).second)
        fail("query \"" + base::printable(key) + "\" has multiple values");
      if (!read_switch_option(key, value)) read_text_option(key, value);
    }
    if (!tag_.empty()) set_once(reference_.ref, with_prefix(tag_, "refs/tags/"), "ref");
    if (branch_.empty()) return;
    if (!tag_.empty()) fail("branch conflicts with tag");
    set_once(reference_.ref, with_prefix(branch_, "refs/heads/"), "ref");
  }

 private:
  bool read_switch_option(const std::string& key, const std::string& value) {
    if (key == "keep-git-dir") {
      reference_.keep_git_dir = read_switch(key, value);
    } else if (key == "submodules") {
      reference_.submodules = read_switch(key, value);
    } else if (key == "fetch-by-commit") {
      reference_.fetch_by_commit = read_switch(key, value);
    } else {
      return false;
    }
    return true;
  }

  void read_text_option(const std::string& key, const std::string& value) {
    if (value.empty()) fail("query \"" + base::printable(key) + "\" has no value");
    if (key == "ref") {
      set_once(reference_.ref, value, "ref");
    } else if (key == "subdir") {
      set_once(reference_.subdir, value, "subdir");
    } else if (key == "checksum" || key == "commit") {
      set_once(reference_.checksum, value, "checksum");
    } else if (key == "tag") {
      tag_ = value;
    } else if (key == "branch") {
      branch_ = value;
    } else if (key == "mtime") {
      if (value != "checkout" && value != "commit") {
        fail("invalid mtime value: \"" + base::printable(value) +
             "\": it must be checkout or commit");
      }
      reference_.mtime = value;
    } else {
      fail("unexpected query \"" + base::printable(key) + "\"");
    }
  }

  GitReference& reference_;
  std::set<std::string> seen_;
  std::string tag_;
  std::string branch_;
};

}  // namespace

std::string GitReference::fetch_url() const { return looks_local ? "https://" + remote : remote; }

std::optional<GitReference> parse_git_reference(std::string_view text) {
  std::optional<Located> located = locate(text);
  if (!located) return std::nullopt;
  GitReference& reference = located->reference;
  const std::string& remote = reference.remote;
  reference.short_name = remote.substr(remote.rfind('/') + 1);
  if (reference.short_name.ends_with(".git")) {
    reference.short_name.resize(reference.short_name.size() - 4);
  }
  QueryReader(reference).read(located->query);
  return std::move(reference);
}

}  // namespace ibuild::parser
