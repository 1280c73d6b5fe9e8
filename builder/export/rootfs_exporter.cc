#include "builder/export/rootfs_exporter.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "builder/attest/file_subjects.h"
#include "builder/export/directory_writer.h"
#include "builder/export/output_attributes.h"
#include "builder/export/output_file.h"
#include "builder/export/output_times.h"
#include "builder/export/platform_folders.h"
#include "builder/export/root_file_system.h"
#include "builder/export/set_times.h"
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

struct Layout {
  enum class Folders { merged, each };
  Folders folders = Folders::merged;
  std::string attestation_prefix;
  base::Clock clock;
};

std::string read_prefix(const OutputAttributes& attributes) {
  auto prefix = attributes.text("attestation-prefix").value_or("");
  if (prefix.find('/') == std::string::npos) return prefix;
  throw base::UsageError("attestation-prefix " + base::printable(prefix) +
                         " is no beginning of a file's name");
}

/// Writes the files of an image, and then statements about them.
void write_image(const FinishedImage& image, const FileSubjects::Naming& naming,
                 RootFileSystem::Visitor& writer, const Services& services, std::stop_token stop) {
  const RootFileSystem root(image.layers, services.store, std::move(stop));
  if (std::ranges::all_of(image.attestations, &Attestation::inline_only)) return root.visit(writer);
  FileSubjects subjects(writer);
  root.visit(subjects);
  subjects.write_statements(image.attestations, naming);
}

template <typename Writer>
void write_all(const FinishedBuild& build, const Layout& layout, Writer& writer,
               const Services& services, std::stop_token stop) {
  SetTimes fixed(writer, layout.clock, SetTimes::Which::all);
  MergePlatforms merge(fixed);
  for (const auto& image : build.images) {
    const auto folder_name = platform_folder(image.config.platform);
    FileSubjects::Naming naming{layout.attestation_prefix, "", layout.clock.now()};
    if (layout.folders == Layout::Folders::each) {
      IntoFolder folder(fixed, folder_name, layout.clock.now());
      write_image(image, naming, folder, services, stop);
    } else {
      if (build.images.size() > 1) naming.suffix = folder_name;
      merge.start(image.config.platform);
      write_image(image, naming, merge, services, stop);
    }
  }
  writer.finish();
}

}  // namespace

bool replaces_directory(const OutputSpec& output) {
  if (output.type != "local") return false;
  const auto mode = OutputAttributes(output).text("mode").value_or("copy");
  if (mode == "copy") return false;
  if (mode == "delete") return true;
  throw base::UsageError("output type=local: attribute mode takes copy or delete, not " +
                         base::printable(mode));
}

void RootfsExporter::check(const OutputSpec& output, ResultShape,
                           const AttestationSettings&) const {
  const OutputAttributes attributes(output);
  if (kind_ == Kind::local) {
    attributes.allow_only(
        {"dest", "mode", "platform-split", "attestation-prefix", kEpochAttribute});
    (void)replaces_directory(output);
  } else {
    attributes.allow_only({"dest", "platform-split", "attestation-prefix", kEpochAttribute});
  }
  (void)output_clock(attributes, {});
  (void)read_prefix(attributes);
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
  const Layout layout{split ? Layout::Folders::each : Layout::Folders::merged,
                      read_prefix(attributes), output_clock(attributes, services.clock)};
  if (kind_ == Kind::tar) {
    report.note("sending tarball to " + dest);
    const auto file = OutputFile::open(dest, stop);
    TarVisitor tar(file->sink());
    write_all(build, layout, tar, services, stop);
    file->commit();
  } else {
    report.note("copying files to " + dest);
    base::make_host_dirs(dest);
    using Others = DirectoryWriter::Others;
    DirectoryWriter directory(base::DirFd::open(dest),
                              replaces_directory(output) ? Others::remove : Others::keep);
    write_all(build, layout, directory, services, stop);
  }
  return {};
}

void CacheOnlyExporter::check(const OutputSpec& output, ResultShape,
                              const AttestationSettings&) const {
  OutputAttributes(output).allow_only({});
}

ExportResult CacheOnlyExporter::run(const FinishedBuild&, const OutputSpec&, const Services&,
                                    ImagePusher*, const ExportReport&, std::stop_token) const {
  return {};
}

}  // namespace ibuild::builder
