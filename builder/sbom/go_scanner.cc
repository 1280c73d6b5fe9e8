#include "builder/sbom/go_scanner.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "builder/sbom/go_build_info.h"

namespace ibuild::builder {

namespace {

// An ELF file with a Go runtime in it is never smaller.
constexpr std::uint64_t kMinBytes = 64 << 10;

bool wants(std::string_view, const layers::LayerEntry& entry) {
  return (entry.mode & 0111) != 0 && entry.size_bytes >= kMinBytes;
}

/// A module by its path and version; "(devel)" is none.
Package make_package(std::string_view path, std::string_view version) {
  const auto slash = path.rfind('/');
  Package package;
  package.url = {
      .type = "golang",
      .name_space =
          slash == std::string_view::npos ? std::string() : base::to_lower(path.substr(0, slash)),
      .name = base::to_lower(path.substr(slash == std::string_view::npos ? 0 : slash + 1))};
  if (version != "(devel)") package.url.version = version;
  return package;
}

/// Of the machine that built the program.
bool is_folder(std::string_view path) { return path.starts_with('.') || path.starts_with('/'); }

/// The modules that the lines name; for one that is replaced, what replaces it.
void add_modules(std::string_view lines, PackageList& list) {
  std::optional<Package> last;
  const auto end_last = [&] {
    if (last) list.add(*std::exchange(last, std::nullopt));
  };
  for (const auto line : base::split(lines, '\n')) {
    const auto words = base::split(line, '\t');
    const bool is_replacement = words[0] == "=>" && last;
    if (!is_replacement) end_last();
    const bool is_module = words[0] == "mod" || words[0] == "dep";
    if ((!is_module && !is_replacement) || words.size() < 3) continue;
    if (words[1].empty() || words[1].ends_with('/')) continue;
    if (is_replacement && is_folder(words[1])) {
      last->url.version.clear();
    } else {
      last = make_package(words[1], words[2]);
    }
  }
  end_last();
}

void scan(const ScannedFile& file, PackageList& list) {
  const auto info =
      read_go_build_info([&](std::uint64_t offset) { return file.files.open(file.node, offset); });
  if (!info) return;
  // "go1.21.3 X:nocoverageredesign" says of the standard library what it is.
  const auto version = info->version.substr(0, info->version.find(' '));
  if (version.starts_with("go")) list.add(make_package("stdlib", version.substr(2)));
  add_modules(info->modules, list);
}

}  // namespace

const PackageScanner kGoScanner{"go", wants, scan};

}  // namespace ibuild::builder
