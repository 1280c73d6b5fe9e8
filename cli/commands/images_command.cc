#include "cli/commands/images_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/option_parser.h"
#include "cli/table.h"

namespace ibuild::cli {

namespace {

struct Row {
  std::string repository;  // familiar; empty: untagged
  std::string tag;
  image::Descriptor top;
  std::string created;           // empty when the image cannot be read
  std::uint64_t size_bytes = 0;  // of the compressed layers
};

std::string repository_of(const std::string& name) {
  auto reference = image::parse_reference(name);
  reference.tag.clear();
  return reference.familiar();
}

Row make_row(const remote::ImageLoader& loader, const layers::StoredImage& stored) {
  Row row{.repository = {}, .tag = {}, .top = stored.descriptor, .created = {}};
  if (!stored.name.empty()) {
    row.repository = repository_of(stored.name);
    row.tag = image::parse_reference(stored.name).tag;
  }
  try {
    const auto image = load_image(loader, {.name = stored.name, .top = stored.descriptor});
    row.created = image.config.created;
    for (const auto& layer : image.manifest.layers) row.size_bytes += layer.size_bytes;
  } catch (const base::Error&) {
    // A damaged or partial image is still listed, so that it can be removed.
    row.created.clear();
  }
  return row;
}

bool fits(const layers::StoredImage& stored, const std::string& filter) {
  if (filter.empty()) return true;
  if (stored.name.empty()) return false;
  const auto wanted = image::parse_reference(filter);
  const auto reference = image::parse_reference(stored.name);
  return reference.name() == wanted.name() && (wanted.tag.empty() || wanted.tag == reference.tag);
}

std::vector<Row> collect(const remote::ImageLoader& loader, const std::string& filter) {
  std::vector<Row> rows;
  for (const auto& stored : loader.store().images().list()) {
    if (fits(stored, filter)) rows.push_back(make_row(loader, stored));
  }
  std::ranges::stable_sort(rows, std::greater{}, &Row::created);
  return rows;
}

std::string to_table(const std::vector<Row>& rows) {
  Table table({"REPOSITORY", "TAG", "DIGEST", "CREATED", "SIZE"});
  for (const auto& row : rows) {
    table.add({row.repository.empty() ? "<none>" : row.repository,
               row.tag.empty() ? "<none>" : row.tag, row.top.digest.short_hex(),
               time_ago(row.created), base::human_bytes(row.size_bytes)});
  }
  return table.str();
}

std::string to_json_lines(const std::vector<Row>& rows) {
  std::string text;
  for (const auto& row : rows) {
    nlohmann::ordered_json json;
    json["Repository"] = row.repository;
    json["Tag"] = row.tag;
    json["Digest"] = row.top.digest.str();
    json["MediaType"] = row.top.media_type;
    json["Created"] = row.created;
    json["Size"] = row.size_bytes;
    text += json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  return text;
}

}  // namespace

int run_images(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild images", "Lists the images of the store, newest first");
  std::string filter;
  std::string format = "table";
  bool quiet = false;
  StoreOptions store;
  parser.optional_operand("NAME", filter, "Only images of this name");
  parser.flag("-q,--quiet", quiet, "Print digests only");
  parser.value("--format", "KIND", format, "table, or json for a line of JSON an image");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  if (format != "table" && format != "json") {
    throw base::UsageError("--format " + base::printable(format) +
                           " is not supported: use table or json");
  }
  ImageAccess access(store);
  const auto rows = collect(access.loader(), filter);
  if (quiet) {
    for (const auto& row : rows) context.out << row.top.digest.str() << "\n";
  } else {
    context.out << (format == "json" ? to_json_lines(rows) : to_table(rows));
  }
  return kSuccess;
}

}  // namespace ibuild::cli
