// COPY and ADD.
#include <map>
#include <utility>

#include "parser/flag_set.h"
#include "parser/heredoc.h"
#include "parser/instruction_builder.h"

namespace ibuild::parser {

namespace {

CopySources build_sources(const AstNode& node, const std::string& keyword) {
  CopySources sources;
  sources.destination = node.words.back();
  if (try_parse_heredoc_word(sources.destination)) {
    throw DockerfileError("bad-heredoc", node.word_ranges.back(),
                          keyword + " cannot accept a heredoc as a destination");
  }
  std::map<std::string_view, const Heredoc*> bodies;
  for (const Heredoc& heredoc : node.heredocs) bodies[heredoc.name] = &heredoc;
  for (std::size_t i = 0; i + 1 < node.words.size(); ++i) {
    std::optional<Heredoc> heredoc = try_parse_heredoc_word(node.words[i]);
    if (!heredoc) {
      sources.paths.push_back(node.words[i]);
      continue;
    }
    const auto body = bodies.find(heredoc->name);
    sources.inline_files.push_back({heredoc->name,
                                    body == bodies.end() ? std::string() : body->second->content,
                                    heredoc->expand});
  }
  return sources;
}

void need_destination(const AstNode& node, const std::string& keyword) {
  if (node.words.size() >= 2) return;
  fail_count(node, keyword + " requires at least two arguments, but " +
                       (node.words.empty() ? "none was" : "only one was") +
                       " provided. Destination could not be determined");
}

}  // namespace

Copy build_copy(const AstNode& node) {
  need_destination(node, "COPY");
  Copy copy;
  std::optional<std::string> from, chown, chmod;
  std::optional<bool> link, parents;
  FlagSet flags;
  flags.add_text("chown", chown);
  flags.add_text("from", from);
  flags.add_text("chmod", chmod);
  flags.add_switch("link", link);
  flags.add_list("exclude", copy.excludes);
  flags.add_switch("parents", parents);
  flags.parse(node);
  copy.sources = build_sources(node, "COPY");
  copy.from = std::move(from).value_or("");
  copy.chown = std::move(chown).value_or("");
  copy.chmod = std::move(chmod).value_or("");
  copy.link = link.value_or(false);
  copy.parents = parents.value_or(false);
  return copy;
}

Add build_add(const AstNode& node) {
  need_destination(node, "ADD");
  Add add;
  std::optional<std::string> chown, chmod, checksum;
  std::optional<bool> link;
  FlagSet flags;
  flags.add_text("chown", chown);
  flags.add_text("chmod", chmod);
  flags.add_switch("link", link);
  flags.add_switch("keep-git-dir", add.keep_git_dir);
  flags.add_text("checksum", checksum);
  flags.add_switch("unpack", add.unpack);
  flags.add_list("exclude", add.excludes);
  flags.parse(node);
  add.sources = build_sources(node, "ADD");
  add.chown = std::move(chown).value_or("");
  add.chmod = std::move(chmod).value_or("");
  add.link = link.value_or(false);
  add.checksum = std::move(checksum).value_or("");
  return add;
}

}  // namespace ibuild::parser
