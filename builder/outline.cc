// What BuildKit's subrequest frontend.outline tells.
#include "builder/outline.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "builder/plan/located.h"
#include "parser/expansion.h"
#include "parser/mount.h"

namespace ibuild::builder {
namespace {

struct KnownArg {
  OutlineArg arg;
  std::set<std::string> uses;  // ARGs that its default is made of
};

/// What one stage knows, with all that it has from the stage below it, and what it uses by itself.
struct Capture {
  SharedMap<KnownArg> known;
  EnvList env;
  std::set<std::string> used;
  std::map<std::string, OutlineNeed> secrets;
  std::map<std::string, OutlineNeed> ssh;
};

/// Goes through the instructions of a stage; one function for each kind that matters.
class StageReader {
 public:
  struct Context {
    const BuildDescription& description;
    const BuildRequest& request;
    parser::ExpansionMeter& meter;
  };
  StageReader(const Context& context, Capture& capture) : context_(context), capture_(capture) {}

  void read(const StageInstruction& instruction) {
    range_ = instruction.range;
    located(range_, [&] { std::visit(*this, instruction.instruction->body); });
  }

  void operator()(const parser::Arg& arg) {
    for (const auto& definition : arg.definitions) define(definition);
  }
  void operator()(const parser::Env& env) {
    std::vector<std::pair<std::string, std::string>> added;
    for (const auto& pair : env.pairs) added.emplace_back(expand(pair.key), expand(pair.value));
    for (const auto& [name, value] : added) capture_.env.set(name, value);
  }
  void operator()(const parser::Run& run) {
    for (const auto& written : run.mounts) {
      const auto mount =
          parser::parse_mount(written.text, [&](std::string_view value) { return expand(value); });
      if (mount.type == parser::MountType::secret) note(mount, capture_.secrets);
      if (mount.type == parser::MountType::ssh) note(mount, capture_.ssh);
    }
  }
  template <typename Other>
  void operator()(const Other&) {}

 private:
  std::string expand(std::string_view text) const {
    const auto lookup =
        context_.meter.watch([&](std::string_view name) { return capture_.env.get(name); });
    return parser::Expander(context_.description.stages().escape, lookup).expand_word(text).text;
  }

  void note(const parser::Mount& mount, std::map<std::string, OutlineNeed>& needs) const {
    needs.emplace(mount.id, OutlineNeed{mount.id, mount.required, range_});
  }

  /// --build-arg, then the default written here, then the global scope.
  void define(const parser::ArgDefinition& definition) {
    const auto& name = definition.name;
    capture_.used.insert(name);
    std::optional<std::string> value;
    const auto given = context_.request.build_args.find(name);
    bool is_global = false;
    if (given != context_.request.build_args.end() && given->second) {
      value = given->second;
    } else if (definition.default_value) {
      value = expand(*definition.default_value);
    } else {
      value = context_.description.args().value(name);
      is_global = value.has_value();
    }
    if (value) capture_.env.set(name, *value);
    if (is_global) return;
    capture_.known.set(name, {{name, definition.doc_comment, value.value_or(""), range_}, {}});
  }

  const Context& context_;
  Capture& capture_;
  parser::SourceRange range_;
};

std::set<std::string> names_used(const BuildDescription& description, std::string_view text) {
  const parser::Expander expander(description.stages().escape, description.args().lookup());
  return expander.expand_word(text).used;
}

Capture global_capture(const BuildDescription& description) {
  Capture capture;
  for (const auto& instruction : description.stages().global_args) {
    for (const auto& definition : std::get<parser::Arg>(instruction.body).definitions) {
      const auto value = description.args().value(definition.name).value_or("");
      KnownArg known{{definition.name, definition.doc_comment, value, instruction.range}, {}};
      if (definition.default_value) known.uses = names_used(description, *definition.default_value);
      capture.known.set(definition.name, std::move(known));
    }
  }
  return capture;
}

Capture read_stage(const StageReader::Context& context, const StageNode& node,
                   const Capture& below) {
  const auto& description = context.description;
  Capture capture;
  capture.known = below.known;
  capture.env = below.env;
  if (const auto* image = std::get_if<ImageRequest>(&node.base)) {
    for (const auto& text : description.bases().at(*image).config.config.env) {
      const auto [name, value] = split_env(text);
      capture.env.set(name, value);
    }
  }
  capture.used.merge(names_used(description, node.stage->from.image));
  capture.used.merge(names_used(description, node.stage->from.platform));
  StageReader reader(context, capture);
  for (const auto& instruction : node.instructions) reader.read(instruction);
  return capture;
}

/// What is used, and what that is made of as far as `known` tells.
std::set<std::string> all_used(const std::set<std::string>& used,
                               const SharedMap<KnownArg>& known_args) {
  std::set<std::string> found;
  std::vector<std::string> open(used.begin(), used.end());
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    if (!found.insert(name).second) continue;
    const auto* known = known_args.find(name);
    if (known == nullptr) continue;
    open.insert(open.end(), known->uses.begin(), known->uses.end());
  }
  return found;
}

template <typename Entry>
std::vector<Entry> in_file_order(const std::map<std::string, Entry>& entries) {
  std::vector<Entry> sorted;
  sorted.reserve(entries.size());
  for (const auto& [name, entry] : entries) sorted.push_back(entry);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Entry& a, const Entry& b) { return a.range.start < b.range.start; });
  return sorted;
}

/// The stages that the target stands on, from below, and itself.
std::vector<StageIndex> stages_below(const StageGraph& graph) {
  std::vector<StageIndex> stages = {graph.target()};
  while (const auto* base = std::get_if<StageIndex>(&graph.stages()[stages.back()].base))
    stages.push_back(*base);
  std::reverse(stages.begin(), stages.end());
  return stages;
}

/// Everything that the stages use. Of two words for one thing the first one counts.
struct Gathered {
  std::map<std::string, OutlineArg> args;
  std::map<std::string, OutlineNeed> secrets;
  std::map<std::string, OutlineNeed> ssh;

  void add(const Capture& capture, const SharedMap<KnownArg>& known_args) {
    for (const auto& name : all_used(capture.used, known_args)) {
      if (const auto* known = known_args.find(name)) args.emplace(name, known->arg);
    }
    secrets.insert(capture.secrets.begin(), capture.secrets.end());
    ssh.insert(capture.ssh.begin(), capture.ssh.end());
  }
};

}  // namespace

Outline make_outline(const BuildDescription& description, const BuildRequest& request) {
  const auto& graph = description.graph();
  const auto global = global_capture(description);
  parser::ExpansionMeter meter;
  const StageReader::Context context{description, request, meter};
  std::map<StageIndex, Capture> captures;
  for (const auto stage : graph.reachable()) {
    const auto& node = graph.stages()[stage];
    const auto* base = std::get_if<StageIndex>(&node.base);
    captures[stage] = read_stage(context, node, base != nullptr ? captures.at(*base) : global);
  }
  Gathered gathered;
  // The target's own word counts before that of the stages it needs.
  const auto& known_to_target = captures.at(graph.target()).known;
  for (const auto stage : stages_below(graph)) gathered.add(captures.at(stage), known_to_target);
  for (const auto& [stage, capture] : captures) gathered.add(capture, capture.known);
  const auto& target = *graph.stages()[graph.target()].stage;
  return {target.from.name, target.doc_comment, in_file_order(gathered.args),
          in_file_order(gathered.secrets), in_file_order(gathered.ssh)};
}

}  // namespace ibuild::builder
