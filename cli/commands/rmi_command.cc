#include "cli/commands/rmi_command.h"

#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/option_parser.h"
#include "layers/garbage.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

namespace {

/// Takes a name away, or all names of an image that was given by digest.
void untag(ImageAccess& access, const FoundImage& found, std::ostream& out) {
  if (!found.name.empty()) {
    const auto reference = image::parse_reference(found.name);
    access.store().images().untag(reference);
    out << "Untagged: " << reference.familiar() << "\n";
    return;
  }
  for (const auto& name : names_of(access.loader(), found.top.digest)) {
    out << "Untagged: " << image::parse_reference(name).familiar() << "\n";
  }
  access.store().images().remove(found.top.digest);
}

void remove_content(ImageAccess& access, const std::vector<image::Descriptor>& removed,
                    CommandContext& context) {
  if (removed.empty()) return;
  const auto removal = layers::remove_unreferenced(access.store(), removed);
  for (const auto& digest : removal.blobs) context.out << "Deleted: " << digest.str() << "\n";
  if (removal.postponed) {
    context.err
        << "still in use: the images are kept without a name; remove them by digest later\n";
  }
}

}  // namespace

int run_rmi(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild rmi", "Removes names of images, and what no image needs any more");
  std::vector<std::string> names;
  bool force = false;
  StoreOptions store;
  parser.operands("IMAGE", 1, names, "Name, or digest for all names of an image");
  parser.flag("-f,--force", force, "No error for an image that is not there");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  // Unpacked layers of an ordinary user hold files of other ids. Without a namespace those that are
  // his own go.
  std::string why_not;
  sandbox::enter_user_namespace(context.argc, context.argv, why_not);
  ImageAccess access(store, {}, {}, 1, StoreSession::Use::for_removal);
  int code = kSuccess;
  std::vector<image::Descriptor> removed;
  for (const auto& name : names) {
    try {
      const auto found = find_image(access.loader(), name);
      removed.push_back(found.top);
      untag(access, found, context.out);
    } catch (const base::Error& error) {
      if (force) continue;
      context.err << "ERROR: " << base::printable(error.what()) << "\n";
      code = kFailure;
    }
  }
  remove_content(access, removed, context);
  return code;
}

}  // namespace ibuild::cli
