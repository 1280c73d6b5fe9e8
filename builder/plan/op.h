#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "builder/image_source.h"
#include "builder/plan/declared_args.h"
#include "builder/plan/env_list.h"
#include "image/platform.h"
#include "parser/device.h"
#include "parser/git_reference.h"
#include "parser/instruction.h"
#include "sandbox/sandbox_spec.h"

/// What a step does, with everything expanded and resolved that can be known without looking at
/// file contents. Plain data: equal operations on equal inputs make equal layers.
namespace ibuild::builder {

/// Index into BuildPlan::steps.
using StepId = std::size_t;

/// A file system that a step leaves behind; without a step it is empty (scratch).
struct TreeRef {
  std::optional<StepId> step;
  std::string shown_as;  // "build", "0", "busybox:latest": for messages
  bool operator==(const TreeRef&) const = default;
};
/// A build context: the one of the build, or one of --build-context by the name in
/// BuildRequest::contexts.
struct ContextRef {
  std::string name;  // empty: the build's own
  bool operator==(const ContextRef&) const = default;
};
using FileSource = std::variant<ContextRef, TreeRef>;

/// FROM an image: its layers, nothing run.
struct BaseOp {
  std::shared_ptr<const BaseImage> image;  // never null in a plan; large, and few steps have one
};

/// A file of a web server.
struct UrlSource {
  std::string url;
  std::optional<base::Digest> checksum;
  bool operator==(const UrlSource&) const = default;
};
/// A source of COPY or ADD.
struct CopyPath {
  std::string text;  // as written, expanded
  /// What it is when it is no path inside of `from`.
  std::variant<std::monostate, UrlSource, parser::GitReference> remote = {};

  bool is_local() const { return std::holds_alternative<std::monostate>(remote); }
  bool operator==(const CopyPath&) const = default;
};

/// COPY and ADD.
struct CopyOp {
  enum class Verb { copy, add };
  Verb verb = Verb::copy;
  FileSource from;
  std::vector<CopyPath> paths;
  std::vector<parser::InlineFile> inline_files;  // content expanded
  std::string destination;  // absolute; a "/" or "/." at its end is kept, it means something
  std::string chown;        // "user[:group]" or empty
  std::string chmod;        // octal or symbolic, or empty
  std::vector<std::string> excludes;
  bool link = false;
  bool parents = false;
  bool unpack = false;         // local archives are extracted
  bool unpack_remote = false;  // those that came by URL are
  bool operator==(const CopyOp&) const = default;
};

/// WORKDIR: makes the directory where it does not exist.
struct WorkdirOp {
  std::string path;  // absolute and clean
  std::string user;  // who owns what is made; empty: root
  bool operator==(const WorkdirOp&) const = default;
};

/// One RUN --mount, variables expanded, paths absolute.
struct RunMount {
  parser::MountType type = parser::MountType::bind;
  FileSource from;
  std::string source;     // inside `from`; of a cache without a base inside its own directory
  bool has_base = false;  // cache: it begins as what `from` holds
  std::string target;
  bool read_only = false;
  std::string id;  // cache, secret
  parser::CacheSharing sharing = parser::CacheSharing::shared;
  std::optional<std::uint32_t> mode;
  std::optional<std::uint64_t> uid;
  std::optional<std::uint64_t> gid;
  std::uint64_t size_bytes = 0;    // tmpfs
  bool required = false;           // secret
  std::optional<std::string> env;  // secret: name of the variable
  bool operator==(const RunMount&) const = default;
};

/// RUN.
struct RunOp {
  std::vector<std::string> argv;
  EnvList env;
  std::vector<std::pair<std::string, std::string>>
      proxy_env;        // reaches the process, not the key, not the history
  ArgNames build_args;  // which of `env` ARG declared
  std::string working_dir;
  std::string user;       // as USER has it; empty: root
  std::string network;    // "default", "host", "none", "private"
  bool insecure = false;  // --security=insecure
  std::vector<parser::Device> devices;
  std::vector<RunMount> mounts;
  std::optional<parser::InlineFile> script;  // shown to the step as /dev/pipes/<name>
  std::string hostname;
  image::Platform platform;  // that the programs of its root are made for
  bool operator==(const RunOp&) const = default;
};

using Op = std::variant<BaseOp, CopyOp, WorkdirOp, RunOp>;

}  // namespace ibuild::builder
