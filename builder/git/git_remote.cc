// See: git-ls-remote(1), git-check-ref-format(1).
#include "builder/git/git_remote.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "parser/url_text.h"

namespace ibuild::builder {
namespace {

bool is_hex(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// Which URLs the authorization for `url` is sent to.
std::string authorization_scope(const std::string& url) {
  for (const char* github : {"https://github.com/", "https://www.github.com/"}) {
    if (url.starts_with(github)) return github;
  }
  return url;
}

/// The value of the Authorization field that the secrets hold for `host`.
std::optional<std::string> find_authorization(const SecretLookup& secrets,
                                              const std::string& host) {
  for (const std::string& suffix : {"." + host, std::string()}) {
    if (auto header = find_secret_line(secrets, "GIT_AUTH_HEADER" + suffix)) return header;
    if (const auto token = find_secret_line(secrets, "GIT_AUTH_TOKEN" + suffix)) {
      return "basic " + base::encode_base64("x-access-token:" + *token);
    }
  }
  return std::nullopt;
}

/// Whether git would take `ref` for the name of a ref, and nothing else.
bool is_ref_name(std::string_view ref) {
  const auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f ||
           std::string_view("~^:?*[\\").find(c) != std::string_view::npos;
  };
  if (ref.starts_with('-') || ref.starts_with('/') || ref.ends_with('/') || ref.ends_with('.'))
    return false;
  if (ref.find("..") != std::string_view::npos || ref.find("@{") != std::string_view::npos)
    return false;
  if (ref.find("//") != std::string_view::npos || ref == "@" || ref.ends_with(".lock"))
    return false;
  return std::none_of(ref.begin(), ref.end(), is_bad);
}

/// ref → hash, as ls-remote lists them; "ref: <target>" for a symbolic one is under " <name>".
using RefTable = std::map<std::string, std::string>;

RefTable list_refs(const GitProgram& git, const GitRemote& remote, std::vector<std::string> options,
                   const std::vector<std::string>& patterns, std::stop_token stop) {
  std::vector<std::string> arguments = {"ls-remote"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {"--", remote.url});
  arguments.insert(arguments.end(), patterns.begin(), patterns.end());
  const auto text = git.run(arguments, std::move(stop));
  RefTable refs;
  for (const auto line : base::split(text, '\n')) {
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    const auto value = line.substr(0, tab);
    const std::string name(line.substr(tab + 1));
    if (value.starts_with("ref: ")) {
      refs.emplace(" " + name, value.substr(5));
    } else if (is_object_hash(value)) {
      refs.emplace(name, value);
    }
  }
  return refs;
}

std::string without(std::string text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

GitCommit resolve_default_branch(const GitProgram& git, const GitRemote& remote,
                                 std::stop_token stop) {
  const auto refs = list_refs(git, remote, {"--symref"}, {"HEAD"}, std::move(stop));
  const auto head = refs.find("HEAD");
  if (head == refs.end()) throw base::Error("there is no default branch");
  const auto branch = refs.find(" HEAD");
  const bool has_branch = branch != refs.end() && branch->second.starts_with("refs/heads/") &&
                          is_ref_name(branch->second);
  return {
      .ref = has_branch ? branch->second : "HEAD", .object = head->second, .commit = head->second};
}

GitCommit resolve_name(const GitProgram& git, const GitRemote& remote, const std::string& ref,
                       std::stop_token stop) {
  const auto refs = list_refs(git, remote, {}, {ref, ref + "^{}"}, std::move(stop));
  const std::string tag = "refs/tags/" + without(ref, "refs/tags/");
  for (const std::string& name :
       {"refs/" + without(ref, "refs/"), "refs/heads/" + without(ref, "refs/heads/"), tag}) {
    const auto found = refs.find(name);
    if (found == refs.end()) continue;
    const auto peeled = refs.find(name + "^{}");
    return {.ref = name,
            .object = found->second,
            .commit = peeled != refs.end() ? peeled->second : found->second};
  }
  throw base::Error("the repository does not contain ref " + base::printable(ref));
}

/// What needs no question. A name without "refs/" is that of a branch.
GitCommit known_commit(const std::string& ref, const std::string& hash) {
  GitCommit commit{
      .ref = ref, .object = hash, .commit = hash, .fetch_by = GitCommit::FetchBy::hash};
  if (ref.empty()) commit.ref = hash;
  if (!is_object_hash(commit.ref) && !ref.starts_with("refs/")) commit.ref = "refs/heads/" + ref;
  return commit;
}

void check_leads_to(const GitCommit& commit, const std::string& checksum) {
  const auto wanted = base::to_lower(checksum);
  if (commit.object.starts_with(wanted) || commit.commit.starts_with(wanted)) return;
  std::string actual = commit.object;
  if (commit.commit != commit.object) actual += " or " + commit.commit;
  throw base::ContentError("expected checksum to match " + checksum + ", got " + actual);
}

}  // namespace

bool is_object_hash(std::string_view text) {
  const bool has_length = text.size() == 40 || text.size() == 64;
  return has_length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool speaks_ssh(std::string_view url) {
  return url.starts_with("ssh://") || url.find("://") == std::string_view::npos;
}

GitRemote make_git_remote(const std::string& fetch_url, const SecretLookup& secrets) {
  GitRemote remote{fetch_url, {}};
  const auto parts = parser::split_url(fetch_url);
  if (parts.scheme != "http" && parts.scheme != "https") return remote;
  const auto at = parts.authority.rfind('@');
  const std::string host =
      at == std::string::npos ? parts.authority : parts.authority.substr(at + 1);
  remote.url = parts.scheme + "://" + host + parts.path;
  auto authorization = find_authorization(secrets, host);
  if (!authorization && at != std::string::npos) {
    const auto user = parser::percent_decode(parts.authority.substr(0, at))
                          .value_or(parts.authority.substr(0, at));
    authorization =
        "Basic " + base::encode_base64(user.find(':') == std::string::npos ? user + ":" : user);
  }
  if (authorization) {
    remote.settings.push_back({"http." + authorization_scope(remote.url) + ".extraHeader",
                               "Authorization: " + *authorization});
  }
  return remote;
}

void check_git_reference(const parser::GitReference& reference) {
  if (!reference.ref.empty() && !is_ref_name(reference.ref)) {
    throw base::UsageError("invalid git ref \"" + base::printable(reference.ref) + "\"");
  }
  if (!reference.checksum.empty() && !is_hex(reference.checksum)) {
    throw base::UsageError("invalid checksum " + base::printable(reference.checksum) +
                           " for Git URL, expected hex commit hash");
  }
  if (!reference.fetch_by_commit || is_object_hash(reference.ref)) return;
  if (reference.checksum.empty())
    throw base::UsageError("fetch-by-commit requires a checksum or a commit SHA ref");
  if (!is_object_hash(reference.checksum)) {
    throw base::UsageError("fetch-by-commit requires a full commit SHA checksum, got \"" +
                           base::printable(reference.checksum) + "\"");
  }
}

GitCommit resolve_git_reference(const GitProgram& git, const GitRemote& remote,
                                const parser::GitReference& reference, std::stop_token stop) {
  check_git_reference(reference);
  GitCommit commit;
  if (is_object_hash(reference.ref)) {
    commit = known_commit(reference.ref, reference.ref);
  } else if (reference.fetch_by_commit) {
    commit = known_commit(reference.ref, reference.checksum);
  } else if (reference.ref.empty() || reference.ref == "HEAD") {
    commit = resolve_default_branch(git, remote, std::move(stop));
  } else {
    commit = resolve_name(git, remote, reference.ref, std::move(stop));
  }
  if (!reference.checksum.empty()) check_leads_to(commit, reference.checksum);
  return commit;
}

}  // namespace ibuild::builder
