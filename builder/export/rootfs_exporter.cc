#include "builder/export/rootfs_exporter.h"

#include "base/error.h"
#include "builder/export/clamp_times.h"
#include "builder/export/directory_writer.h"
#include "builder/export/output_attributes.h"
#include "builder/export/output_file.h"
#include "builder/export/platform_folders.h"
#include "builder/export/root_file_system.h"
#include "layers/tar_writer.h"

namespace ibuild::builder {

namespace {

class TarVisitor : public RootFileSystem::Visitor {
 public:
  explicit TarVisitor(base::ByteSink& out) : tar_(out) {}
  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override {
    tar_.add(entry, data);
  }
  void finish() { tar_.finish(); }

 private:
  layers::TarWriter tar_;
};

enum class Layout { merged, folder_each };

template <typename Writer>
void write_all(const FinishedBuild& build, Layout layout, Writer& writer, const Services& services,
               std::stop_token stop) {
  ClampTimes clamp(writer, services.clock);
  MergePlatforms merge(clamp);
  for (const auto& image : build.images) {
    const RootFileSystem root(image.layers, services.store, stop);
    if (layout == Layout::folder_each) {
      IntoFolder folder(clamp, platform_folder(image.config.platform), services.clock.now());
      root.visit(folder);
    } else {
      merge.start(image.config.platform);
      root.visit(merge);
    }
  }
  writer.finish();
}

}  // namespace

void RootfsExporter::check(const OutputSpec& output, ResultShape) const {
  const OutputAttributes attributes(output);
  attributes.allow_only({"dest", "platform-split"});
  (void)attributes.flag("platform-split", false);
  const std::string dest = attributes.required_text("dest");
  if (kind_ == Kind::local && dest == "-") {
    throw base::UsageError(
        "output type=local needs a directory as dest; for standard output use type=tar");
  }
}

ExportResult RootfsExporter::run(const FinishedBuild& build, const OutputSpec& output,
                                 const Services& services, ImagePusher*, const ExportReport& report,
                                 std::stop_token stop) const {
  const OutputAttributes attributes(output);
  const std::string dest = attributes.required_text("dest");
  const bool split = attributes.flag("platform-split", build.shape == ResultShape::index);
  const Layout layout = split ? Layout::folder_each : Layout::merged;
  if (kind_ == Kind::tar) {
    report.note("sending tarball to " + dest);
    const auto file = OutputFile::open(dest);
    TarVisitor tar(file->sink());
    write_all(build, layout, tar, services, stop);
    file->commit();
  } else {
    report.note("copying files to " + dest);
    base::make_host_dirs(dest);
    DirectoryWriter directory(base::DirFd::open(dest));
    write_all(build, layout, directory, services, stop);
  }
  return {};
}

void CacheOnlyExporter::check(const OutputSpec& output, ResultShape) const {
  OutputAttributes(output).allow_only({});
}

ExportResult CacheOnlyExporter::run(const FinishedBuild&, const OutputSpec&, const Services&,
                                    ImagePusher*, const ExportReport&, std::stop_token) const {
  return {};
}

}  // namespace ibuild::builder
