#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "builder/context/named_contexts.h"
#include "builder/plan/build_args.h"
#include "image/config.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/short_name.h"
#include "parser/dockerfile.h"

namespace ibuild::builder {

using StageIndex = std::size_t;

/// An image that the build reads: as a base, or as the source of a COPY or a mount.
struct ImageRequest {
  image::Reference reference;  // with a tag or digest; perhaps a short name, see short_names
  image::Platform platform;
  std::optional<LayoutContext> layout = {};  // where it is, when not in the store or a registry
  auto operator<=>(const ImageRequest&) const = default;
};

struct FromContext {
  std::string name = {};  // of a named context; empty: the build's own
};
struct FromScratch {};
/// What a FROM, a COPY --from or a mount's from= names.
using SourceName = std::variant<FromContext, FromScratch, StageIndex, ImageRequest>;

/// An instruction of a stage, in the order in which it takes effect.
struct StageInstruction {
  const parser::Instruction* instruction = nullptr;  // owned by the StageList or by the graph
  bool is_trigger = false;                           // came from an ONBUILD of the base
  std::vector<SourceName> sources;  // COPY: one; RUN: one for each --mount; else empty
  parser::SourceRange range;        // for messages: a trigger's is that of its FROM
};

struct StageNode {
  const parser::Stage* stage = nullptr;
  std::string shown_name;  // "build", "stage-1"; empty when it is the only one and has no name
  std::string base_text;   // FROM's argument, expanded
  SourceName base;         // never the build's own context
  /// A named context took its place: its instructions do not count.
  bool is_replaced = false;
  std::optional<image::Platform> platform;  // FROM --platform
  std::vector<StageInstruction> instructions;
  bool triggers_added = false;
};

/// Which stage needs which, by name, number or image. Names are found as BuildKit finds them: FROM
/// sees the stages above it, COPY and mounts any stage; letter case does not count; a stage hides
/// an image of the same name. A named context takes the place of the image or stage of its name.
class StageGraph {
 public:
  /// Requires: `stages` outlives the graph. Throws: parser::DockerfileError for an unknown target,
  /// a cycle, a bad reference or index.
  struct Wanted {
    image::Platform platform;
    std::string target;  // empty: the last stage
    NamedContexts contexts = {};
    image::ShortNameRule short_names = image::ShortNameRule::docker;
  };
  StageGraph(const parser::StageList& stages, const GlobalArgs& args, Wanted wanted);

  const std::vector<StageNode>& stages() const { return nodes_; }
  StageIndex target() const { return target_; }
  /// From now on the target counts as needing every stage of the file.
  void need_all_stages() { needs_all_ = true; }
  /// The stages that the target needs, each after those it needs.
  std::vector<StageIndex> reachable() const;
  /// The images that those stages need, each with the place that names it first.
  std::map<ImageRequest, parser::SourceRange> needed_images() const;
  /// Puts the ONBUILD triggers of `stage`'s base before its own instructions. Once for each stage.
  void add_triggers(StageIndex stage, const std::vector<std::string>& expressions);
  /// The ONBUILD expressions that a stage leaves to stages built on it.
  std::vector<std::string> triggers_left_by(StageIndex stage) const;
  /// Names that a misspelt stage or image may have meant.
  std::vector<std::string> stage_names() const;
  /// Those of them that an image name at `place` may have meant: for a FROM the stages above it,
  /// else all but the stage that it stands in.
  std::vector<std::string> stage_names_for(const parser::SourceRange& place) const;
  /// The names of the contexts that took the place of a stage or image, triggers' included.
  const std::set<std::string>& used_contexts() const { return used_contexts_; }
  /// What FROM, --from and from= of the file name, whether stage or image.
  std::vector<std::string> source_names() const;
  /// Every ARG that an instruction of the file or a trigger declares.
  std::set<std::string> declared_args() const;

 private:
  void add_stage(const parser::Stage& stage, const GlobalArgs& args);
  image::Platform read_platform(const parser::From& from, const GlobalArgs& args,
                                const parser::SourceRange& range) const;
  void resolve_target();
  void name_stages();
  void check_cycles() const;
  SourceName find_base(const StageNode& node);
  SourceName find_copy_source(const std::string& from, const parser::SourceRange& range);
  SourceName find_mount_source(const std::string& from, const parser::SourceRange& range);
  SourceName image_source(const std::string& text, const parser::SourceRange& range,
                          const image::Platform& platform);
  std::optional<SourceName> named_context(const std::string& name, const image::Platform& platform);
  StageInstruction link(const parser::Instruction& instruction, bool is_trigger,
                        const parser::SourceRange& range);
  std::vector<StageIndex> needs_of(StageIndex stage) const;
  void visit(StageIndex stage, std::vector<int>& state, std::vector<StageIndex>& order) const;

  const parser::StageList& list_;
  Wanted wanted_;
  std::vector<StageNode> nodes_;
  std::map<std::string, StageIndex> by_name_;  // lower case
  std::deque<parser::Instruction> triggers_;   // stable addresses
  std::set<std::string> used_contexts_;
  StageIndex target_ = 0;
  bool needs_all_ = false;
};

}  // namespace ibuild::builder
