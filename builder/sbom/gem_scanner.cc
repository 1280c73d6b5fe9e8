#include "builder/sbom/gem_scanner.h"

#include <vector>

#include "base/text.h"

namespace ibuild::builder {

namespace {

constexpr std::uint64_t kMaxBytes = 4 << 20;

bool wants(std::string_view path, const layers::LayerEntry&) {
  if (!path.ends_with(".gemspec")) return false;
  const auto folder =
      path.substr(0, path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/'));
  return folder == "specifications" || folder.ends_with("/specifications") ||
         folder.ends_with("/specifications/default");
}

/// The strings between double quotes of a line of Ruby; what a backslash stands before is itself.
std::vector<std::string> quoted(std::string_view line) {
  std::vector<std::string> strings;
  bool is_open = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      is_open = !is_open;
      if (is_open) strings.emplace_back();
    } else if (is_open) {
      if (line[i] == '\\' && i + 1 < line.size()) ++i;
      strings.back() += line[i];
    }
  }
  if (is_open) strings.pop_back();
  return strings;
}

/// The values that "s.NAME = …" gives; empty for any other line.
std::vector<std::string> values_of(std::string_view line, std::string_view name) {
  const std::string beginning = "s." + std::string(name) + " = ";
  if (!line.starts_with(beginning)) return {};
  return quoted(line.substr(beginning.size()));
}

void scan(const ScannedFile& file, PackageList& list) {
  const auto text = file.read(kMaxBytes);
  Package package;
  package.url.type = "gem";
  std::string platform;
  for (auto line : base::split(text, '\n')) {
    line = base::trim(line);
    const auto take = [&](std::string_view name, std::string& target) {
      if (const auto values = values_of(line, name); !values.empty()) target = values.front();
    };
    take("name", package.url.name);
    take("version", package.url.version);
    take("platform", platform);
    take("homepage", package.homepage);
    if (const auto names = values_of(line, "licenses"); !names.empty())
      package.license = base::join(names, " OR ");
    if (const auto names = values_of(line, "authors"); !names.empty())
      package.supplier = base::join(names, ", ");
  }
  if (package.url.name.empty()) return;
  if (platform != "ruby") package.url.qualifiers["platform"] = platform;
  list.add(std::move(package));
}

}  // namespace

const PackageScanner kGemScanner{"gem", wants, scan};

}  // namespace ibuild::builder
