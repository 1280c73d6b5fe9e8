#include "cli/commands/load_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/archive/archive_contents.h"
#include "cli/archive/archived_images.h"
#include "cli/blob_sweep.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/option_parser.h"
#include "cli/signals.h"

namespace ibuild::cli {

namespace {

std::vector<ArchivedImage> images_in(const ArchiveContents& contents, const layers::Store& store) {
  // An archive of `docker save` is both since Docker 25; the layout keeps manifests as they are.
  if (contents.index_json) return images_of_layout(contents, store);
  if (contents.manifest_json) return images_of_docker_save(contents, store);
  throw base::ContentError("this is no image archive: it has neither index.json nor manifest.json");
}

base::UniqueFd open_input(const std::string& path) {
  base::UniqueFd fd(path.empty() || path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                                : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw base::SystemError("open", path);
  if (isatty(fd.get()) == 1)
    throw base::UsageError("standard input is a terminal: name the archive with -i FILE");
  return fd;
}

void keep(layers::Store& store, const ArchivedImage& image, std::ostream& out) {
  if (image.names.empty()) {
    store.images().add_untagged(image.descriptor);
    out << "Loaded image: " << image.descriptor.digest.str() << "\n";
  }
  for (const auto& name : image.names) {
    store.images().tag(name, image.descriptor);
    out << "Loaded image: " << name.familiar() << "\n";
  }
}

}  // namespace

int run_load(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild load",
                      "Reads images from an archive: of `docker save`, or an OCI layout in a tar");
  std::string input;
  bool quiet = false;
  StoreOptions store;
  parser.value("-i,--input", "FILE", input, "Archive (default: standard input)");
  parser.flag("-q,--quiet", quiet, "Print nothing");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  const auto fd = open_input(input);
  const SignalWatcher signals;
  ImageAccess access(store, {}, {}, 0);
  base::FdSource source(fd.get());
  const auto contents = read_archive(source, access.store().content(), signals.token());
  std::ostream silent(nullptr);
  std::vector<base::Digest> leftovers;
  for (const auto& image : images_in(contents, access.store())) {
    keep(access.store(), image, quiet ? silent : context.out);
    leftovers.insert(leftovers.end(), image.leftovers.begin(), image.leftovers.end());
  }
  sweep_blobs(access, leftovers);
  return kSuccess;
}

}  // namespace ibuild::cli
