#include "cli/commands/tag_command.h"

#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

int run_tag(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild tag", "Gives an image of the store further names");
  std::string source;
  std::vector<std::string> names;
  StoreOptions store;
  parser.operand("IMAGE", source, "Name or digest of the image");
  parser.operands("NAME", 1, names, "New name; several may be given");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  std::vector<image::Reference> references;
  for (const auto& name : names) {
    references.push_back(image::with_default_tag(image::parse_reference(name)));
    if (references.back().digest) {
      throw base::UsageError("a name cannot hold a digest: " + base::printable(name));
    }
  }
  ImageAccess access(store);
  const auto found = find_image(access.loader(), source);
  for (const auto& reference : references) access.store().images().tag(reference, found.top);
  return kSuccess;
}

}  // namespace ibuild::cli
