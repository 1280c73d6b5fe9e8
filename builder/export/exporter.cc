#include "builder/export/exporter.h"

#include <functional>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/archive_exporter.h"
#include "builder/export/image_exporter.h"
#include "builder/export/rootfs_exporter.h"

namespace ibuild::builder {

const Exporter& find_exporter(std::string_view type) {
  static const ImageExporter image(ImageExporter::Target::store);
  static const ImageExporter registry(ImageExporter::Target::registry);
  static const ArchiveExporter oci(ArchiveExporter::Kind::oci);
  static const ArchiveExporter docker(ArchiveExporter::Kind::docker);
  static const RootfsExporter tar(RootfsExporter::Kind::tar);
  static const RootfsExporter local(RootfsExporter::Kind::local);
  static const CacheOnlyExporter cache_only;
  static const std::map<std::string_view, std::reference_wrapper<const Exporter>> table{
      {"image", image}, {"registry", registry},   {"oci", oci}, {"docker", docker}, {"tar", tar},
      {"local", local}, {"cacheonly", cache_only}};

  if (const auto found = table.find(type); found != table.end()) return found->second;
  std::vector<std::string> known;
  known.reserve(table.size());
  for (const auto& [name, exporter] : table) known.emplace_back(name);
  base::UsageError error("output type " + base::printable(type) + " is not supported");
  const auto nearest = base::nearest_word(type, known);
  error.set_hint(nearest ? "did you mean " + *nearest + "?"
                         : "known types: " + base::join(known, ", "));
  throw error;
}

}  // namespace ibuild::builder
