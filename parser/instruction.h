#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "parser/source_range.h"

/// The typed instructions of a Dockerfile. Nothing in here is expanded: every string is as written,
/// after line continuations are joined. Which fields are expanded, and with what, is the planner's
/// business; the field's comment says so ("expanded") where the language wants it.
namespace ibuild::parser {

struct Heredoc {
  std::string name;            // delimiter word without quotes; also the file name in COPY/ADD
  std::string content;         // body; leading tabs already removed for <<-
  bool expand = true;          // false when the delimiter was quoted
  bool chomp = false;          // <<-
  unsigned fd = 0;             // n<<EOF
  std::string tabbed_content;  // body as written; for <<- only
  SourceRange range;

  /// The body as it stands in the file, for a shell that reads the heredoc itself.
  const std::string& written_content() const { return chomp ? tabbed_content : content; }
};

/// The command of RUN, CMD, ENTRYPOINT, HEALTHCHECK.
struct CommandLine {
  std::vector<std::string>
      words;  // shell form: exactly one, the text for the shell. exec form: argv
  bool is_exec = false;
  std::vector<Heredoc> heredocs;  // RUN only
};

struct KeyValue {
  std::string key;
  std::string value;    // quotes kept; "expanded"
  bool legacy = false;  // `ENV key value`
};

enum class MountType { bind, cache, tmpfs, secret, ssh };
enum class CacheSharing { shared, private_, locked };

/// One RUN --mount as it is written.
struct WrittenMount {
  std::string text;   // the flag's value
  SourceRange range;  // of the whole flag; unknown in a trigger
};

/// One RUN --mount. Values are "expanded" but for `from`.
struct Mount {
  MountType type = MountType::bind;
  std::string target;
  std::string source;
  std::string from;
  std::string id;
  bool read_only = false;
  bool read_only_given = false;
  bool required = false;
  CacheSharing sharing = CacheSharing::shared;
  std::optional<std::uint32_t> mode;
  std::optional<std::uint64_t> uid;
  std::optional<std::uint64_t> gid;
  std::uint64_t size_bytes = 0;    // tmpfs; 0 = unlimited
  std::optional<std::string> env;  // secret
};

struct From {
  std::string image;     // "expanded" with global ARGs
  std::string platform;  // "expanded"; empty when not given
  std::string name;      // lower-cased stage name; empty when none
  std::string name_as_written;
  std::string as_keyword;  // "AS" as written, for the casing rule
};
struct Run {
  CommandLine command;
  std::vector<WrittenMount> mounts;  // for parse_mount(), once variables are known
  std::string network = "default";   // default | none | host
  std::string security = "sandbox";  // sandbox | insecure
  std::vector<std::string> devices;
};
/// COPY and ADD.
struct InlineFile {
  std::string name;
  std::string content;  // "expanded" when `expand`
  bool expand = true;
  bool operator==(const InlineFile&) const = default;
};
struct CopySources {
  std::vector<std::string> paths;  // "expanded"
  std::vector<InlineFile> inline_files;
  std::string destination;  // "expanded"
};
struct Copy {
  CopySources sources;
  std::string from;   // not expanded; empty = build context
  std::string chown;  // "expanded"
  std::string chmod;  // "expanded"
  bool link = false;
  bool parents = false;
  std::vector<std::string> excludes;  // "expanded"
};
struct Add {
  CopySources sources;
  std::string chown;
  std::string chmod;
  bool link = false;
  std::optional<bool> keep_git_dir;
  std::optional<bool> unpack;
  std::string checksum;  // "expanded"
  std::vector<std::string> excludes;
};
struct Env {
  std::vector<KeyValue> pairs;  // values "expanded" (keys too)
};
struct Label {
  std::vector<KeyValue> pairs;
};
struct ArgDefinition {
  std::string name;
  std::optional<std::string> default_value;  // "expanded"
  std::string doc_comment;                   // "# name text" above
};
struct Arg {
  std::vector<ArgDefinition> definitions;
};
struct Expose {
  std::vector<std::string> ports;  // "expanded", split into words afterwards
};
struct Cmd {
  CommandLine command;
};
struct Entrypoint {
  CommandLine command;
};
struct User {
  std::string user;  // "expanded"
};
struct Workdir {
  std::string path;  // "expanded"
};
struct Volume {
  std::vector<std::string> paths;  // "expanded"
};
struct StopSignal {
  std::string signal;  // "expanded"
};
struct Shell {
  std::vector<std::string> words;
};
struct Healthcheck {
  bool none = false;    // HEALTHCHECK NONE
  CommandLine command;  // unless none
  // 0 = not given
  std::chrono::nanoseconds interval{0};
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds start_period{0};
  std::chrono::nanoseconds start_interval{0};
  std::int64_t retries = 0;
};
struct OnBuild {
  std::string expression;  // the carried instruction's text, heredoc bodies included
};
struct Maintainer {
  std::string author;
};

using InstructionBody =
    std::variant<From, Run, Copy, Add, Env, Label, Arg, Expose, Cmd, Entrypoint, User, Workdir,
                 Volume, StopSignal, Shell, Healthcheck, OnBuild, Maintainer>;

struct Instruction {
  InstructionBody body;
  std::string keyword;  // as written: "run"
  std::string
      text;  // whole instruction on one line as BuildKit's Node.Original, for history and progress
  SourceRange range;
  std::vector<std::string> comments;  // the comment lines right above
};

/// A stage: FROM and what follows it.
struct Stage {
  From from;
  Instruction from_instruction;
  std::string doc_comment;
  std::vector<Instruction> instructions;  // without the FROM
  SourceRange range;
  std::string name() const { return from.name; }
};

/// The meaning of a Dockerfile, nothing expanded.
struct StageList {
  std::vector<Instruction> global_args;  // ARG instructions before the first FROM
  std::vector<Stage> stages;
  char escape = '\\';
};

}  // namespace ibuild::parser
