// The instructions that only describe the image.
#include <algorithm>
#include <utility>

#include "parser/flag_set.h"
#include "parser/instruction_builder.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

/// The words are triples of key, value and "=".
std::vector<KeyValue> build_pairs(const AstNode& node, const std::string& keyword) {
  refuse_flags(node);
  need_some_arguments(node, keyword);
  std::vector<KeyValue> pairs;
  for (std::size_t i = 0; i + 2 < node.words.size(); i += 3) {
    if (node.words[i].empty()) {
      throw DockerfileError("blank-name", node.word_ranges[i + 2],
                            keyword + " names can not be blank");
    }
    pairs.push_back({node.words[i], node.words[i + 1], node.words[i + 2].empty()});
  }
  return pairs;
}

}  // namespace

Env build_env(const AstNode& node) { return {build_pairs(node, "ENV")}; }

Label build_label(const AstNode& node) { return {build_pairs(node, "LABEL")}; }

Arg build_arg(const AstNode& node) {
  need_some_arguments(node, "ARG");
  Arg arg;
  for (std::size_t i = 0; i < node.words.size(); ++i) {
    const std::string& word = node.words[i];
    const auto equals = word.find('=');
    if (equals == 0) {
      throw DockerfileError("blank-name", node.word_ranges[i], "ARG names can not be blank");
    }
    ArgDefinition definition;
    definition.name = word.substr(0, equals);
    if (equals != std::string::npos) definition.default_value = word.substr(equals + 1);
    definition.doc_comment = doc_comment(node.comments, definition.name);
    arg.definitions.push_back(std::move(definition));
  }
  return arg;
}

Expose build_expose(const AstNode& node) {
  need_some_arguments(node, "EXPOSE");
  refuse_flags(node);
  Expose expose{node.words};
  std::sort(expose.ports.begin(), expose.ports.end());
  return expose;
}

User build_user(const AstNode& node) {
  need_one_argument(node, "USER");
  refuse_flags(node);
  return {node.words[0]};
}

Workdir build_workdir(const AstNode& node) {
  need_one_argument(node, "WORKDIR");
  refuse_flags(node);
  return {node.words[0]};
}

Volume build_volume(const AstNode& node) {
  need_some_arguments(node, "VOLUME");
  refuse_flags(node);
  Volume volume;
  for (std::size_t i = 0; i < node.words.size(); ++i) {
    std::string path(trim_space(node.words[i]));
    if (path.empty()) {
      throw DockerfileError("empty-volume", node.word_ranges[i],
                            "VOLUME cannot be an empty string");
    }
    volume.paths.push_back(std::move(path));
  }
  return volume;
}

StopSignal build_stop_signal(const AstNode& node) {
  need_one_argument(node, "STOPSIGNAL");
  return {node.words[0]};
}

Maintainer build_maintainer(const AstNode& node) {
  need_one_argument(node, "MAINTAINER");
  refuse_flags(node);
  return {node.words[0]};
}

}  // namespace ibuild::parser
