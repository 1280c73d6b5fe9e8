// The arrows between the rooms, read from the #include lines of the sources themselves.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <set>

#include "base/fs_at.h"
#include "base/text.h"

using namespace ibuild::base;
using Names = std::set<std::string>;

namespace {

/// A room (a folder and what is below it) and the rooms it may include besides itself.
const std::map<std::string, Names>& arrows() {
  static const std::map<std::string, Names> table = {
      {"base", {}},
      {"image", {"base"}},
      {"parser", {"base"}},
      {"layers", {"base", "image"}},
      {"sandbox", {"base"}},
      {"registry", {"base", "image"}},
      {"builder", {"base", "image", "parser", "layers", "sandbox"}},
      {"builder/remote", {"builder", "registry", "layers", "image", "base"}},
      {"cli",
       {"base", "image", "parser", "layers", "sandbox", "registry", "builder", "builder/remote"}},
  };
  return table;
}

/// Only .cc files may include these; <nlohmann/json_fwd.hpp> alone is for headers too.
bool is_third_party(std::string_view header) {
  static const std::vector<std::string_view> beginnings = {
      "archive.h",   "archive_entry.h", "openssl/",         "nlohmann/", "httplib.h",    "CLI/",
      "fmt/",        "seccomp.h",       "sys/capability.h", "zstd.h",    "libdeflate.h", "isa-l",
      "igzip_lib.h", "toml++",          "catch2/"};
  if (header == "nlohmann/json_fwd.hpp") return false;
  for (std::string_view beginning : beginnings) {
    if (header.starts_with(beginning)) return true;
  }
  return false;
}

/// The room with the longest name that holds `path`; empty when none does.
std::string room_of(std::string_view path) {
  std::string best;
  for (const auto& [room, may_include] : arrows()) {
    if (path.starts_with(room + "/") && room.size() > best.size()) best = room;
  }
  return best;
}

struct Includes {
  Names own;    // "room/file.h"
  Names other;  // <header>
};

/// What the text of a source file includes.
Includes includes_of(std::string_view text) {
  Includes includes;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (!line.starts_with('#')) continue;
    line = trim(line.substr(1));
    if (!line.starts_with("include")) continue;
    line = trim(line.substr(std::string_view("include").size()));
    const bool is_own = line.starts_with('"');
    const auto end = line.find(is_own ? '"' : '>', 1);
    if (end == std::string_view::npos) continue;
    (is_own ? includes.own : includes.other).emplace(line.substr(1, end - 1));
  }
  return includes;
}

using Sources = std::map<std::string, Includes>;

/// All headers and sources of the rooms, by their path below the source tree.
const Sources& sources() {
  static const Sources all = [] {
    Sources found;
    const std::filesystem::path root = IBUILD_SOURCE_DIR;
    for (const auto& [room, may_include] : arrows()) {
      if (!std::filesystem::exists(root / room)) continue;
      for (const auto& file : std::filesystem::recursive_directory_iterator(root / room)) {
        const std::string extension = file.path().extension().string();
        if (extension != ".h" && extension != ".cc") continue;
        found[std::filesystem::relative(file.path(), root).string()] =
            includes_of(read_host_file(file.path().string(), 4 << 20));
      }
    }
    return found;
  }();
  return all;
}

/// "a.h -> other/b.h" for each include that no arrow allows.
std::vector<std::string> forbidden_includes(const Sources& files) {
  std::vector<std::string> forbidden;
  for (const auto& [path, includes] : files) {
    const std::string room = room_of(path);
    for (const std::string& included : includes.own) {
      const std::string other = room_of(included);
      if (other != room && !arrows().at(room).contains(other)) {
        forbidden.push_back(path + " -> " + included);
      }
    }
  }
  return forbidden;
}

std::vector<std::string> third_party_in_headers(const Sources& files) {
  std::vector<std::string> found;
  for (const auto& [path, includes] : files) {
    if (!path.ends_with(".h")) continue;
    for (const Names* names : {&includes.own, &includes.other}) {
      for (const std::string& included : *names) {
        if (is_third_party(included)) found.push_back(path + " -> " + included);
      }
    }
  }
  return found;
}

/// Walks the includes depth first; what is met again while it is still open closes a cycle.
class CycleFinder {
 public:
  explicit CycleFinder(const Sources& files) : files_(files) {}

  /// "a.h -> b.h -> a.h" for each cycle met.
  std::vector<std::string> run() {
    for (const auto& [path, includes] : files_) visit(path);
    return cycles_;
  }

 private:
  void visit(const std::string& path) {
    const auto file = files_.find(path);
    if (file == files_.end() || done_.contains(path)) return;
    const auto open = std::find(open_.begin(), open_.end(), path);
    if (open != open_.end()) {
      std::vector<std::string> cycle(open, open_.end());
      cycle.push_back(path);
      cycles_.push_back(join(cycle, " -> "));
      return;
    }
    open_.push_back(path);
    for (const std::string& included : file->second.own) visit(included);
    open_.pop_back();
    done_.insert(path);
  }

  const Sources& files_;
  std::vector<std::string> open_;
  Names done_;
  std::vector<std::string> cycles_;
};

Sources sample(std::map<std::string, std::string> texts) {
  Sources files;
  for (const auto& [path, text] : texts) files[path] = includes_of(text);
  return files;
}

}  // namespace

TEST_CASE("layering: the sources are found", "[layering]") {
  CHECK(sources().contains("base/error.h"));
  CHECK(sources().at("base/error.cc").own.contains("base/error.h"));
  CHECK(sources().at("base/digest.cc").other.contains("openssl/sha.h"));
}

TEST_CASE("layering: rooms include only what their arrows point to", "[layering]") {
  CHECK(forbidden_includes(sources()) == std::vector<std::string>{});
}

TEST_CASE("layering: third-party headers stay out of our headers", "[layering]") {
  CHECK(third_party_in_headers(sources()) == std::vector<std::string>{});
}

TEST_CASE("layering: no header includes itself by way of others", "[layering]") {
  CHECK(CycleFinder(sources()).run() == std::vector<std::string>{});
}

TEST_CASE("layering: the arrows themselves have no cycle", "[layering]") {
  for (const auto& [room, may_include] : arrows()) {
    for (const std::string& other : may_include) {
      INFO(room << " and " << other);
      CHECK_FALSE(arrows().at(other).contains(room));
    }
  }
}

TEST_CASE("layering: an include against the arrows is seen", "[layering]") {
  const Sources files = sample({{"base/a.h", "#include \"image/b.h\"\n"},
                                {"builder/remote/c.cc", "#  include  \"registry/r.h\"\n"},
                                {"builder/d.cc", "#include \"builder/remote/c.h\"\n"},
                                {"cli/e.cc", "#include \"registry/r.h\"\n"},
                                {"layers/f.cc", "#include \"nowhere.h\"\n"}});
  CHECK(forbidden_includes(files) == std::vector<std::string>{"base/a.h -> image/b.h",
                                                              "builder/d.cc -> builder/remote/c.h",
                                                              "layers/f.cc -> nowhere.h"});
}

TEST_CASE("layering: a third-party header in a header is seen", "[layering]") {
  const Sources files = sample({{"base/a.h", "#include <fmt/format.h>\n#include <string>\n"},
                                {"base/a.cc", "#include <fmt/format.h>\n"},
                                {"image/b.h", "#include <nlohmann/json_fwd.hpp>\n"},
                                {"image/c.h", "#include \"nlohmann/json.hpp\"\n"}});
  CHECK(third_party_in_headers(files) ==
        std::vector<std::string>{"base/a.h -> fmt/format.h", "image/c.h -> nlohmann/json.hpp"});
}

TEST_CASE("layering: a cycle is seen and shown", "[layering]") {
  const Sources files = sample({{"base/a.h", "#include \"base/b.h\"\n"},
                                {"base/b.h", "#include \"base/c.h\"\n"},
                                {"base/c.h", "#include \"base/b.h\"\n"}});
  CHECK(CycleFinder(files).run() == std::vector<std::string>{"base/b.h -> base/c.h -> base/b.h"});
}
