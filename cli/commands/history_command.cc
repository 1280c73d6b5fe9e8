#include "cli/commands/history_command.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/log_lines.h"
#include "cli/option_parser.h"
#include "cli/table.h"

namespace ibuild::cli {

namespace {

struct Line {
  image::HistoryEntry entry;
  std::uint64_t size_bytes = 0;  // compressed
};

/// Newest first. Sizes stand with the entries that have a layer.
std::vector<Line> lines_of(const builder::BaseImage& image) {
  std::vector<Line> lines;
  std::size_t layer = 0;
  for (const auto& entry : image.config.history) {
    Line line{.entry = entry};
    if (!entry.empty_layer && layer < image.manifest.layers.size()) {
      line.size_bytes = image.manifest.layers[layer++].size_bytes;
    }
    lines.push_back(std::move(line));
  }
  return {lines.rbegin(), lines.rend()};
}

std::string shorten(const std::string& text, std::size_t length) {
  return text.size() <= length ? text : text.substr(0, length - 3) + "...";
}

std::string to_table(const std::vector<Line>& lines, std::size_t command_width) {
  Table table({"CREATED", "CREATED BY", "SIZE", "COMMENT"});
  for (const auto& line : lines) {
    table.add({time_ago(line.entry.created), defuse(shorten(line.entry.created_by, command_width)),
               base::human_bytes(line.size_bytes), defuse(line.entry.comment)});
  }
  return table.str();
}

std::string to_json_lines(const std::vector<Line>& lines) {
  std::string text;
  for (const auto& line : lines) {
    nlohmann::ordered_json json;
    json["Created"] = line.entry.created;
    json["CreatedBy"] = line.entry.created_by;
    json["Size"] = line.size_bytes;
    json["EmptyLayer"] = line.entry.empty_layer;
    json["Comment"] = line.entry.comment;
    text += json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  return text;
}

}  // namespace

int run_history(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild history", "Shows how an image came to be, newest first");
  std::string name;
  std::string format = "table";
  bool whole = false;
  StoreOptions store;
  parser.operand("IMAGE", name, "Name or digest of the image");
  parser.flag("--no-trunc", whole, "Show commands whole");
  parser.value("--format", "KIND", format, "table, or json for a line of JSON an entry");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  if (format != "table" && format != "json") {
    throw base::UsageError("--format " + base::printable(format) +
                           " is not supported: use table or json");
  }
  ImageAccess access(store);
  const auto lines = lines_of(load_image(access.loader(), find_image(access.loader(), name)));
  context.out << (format == "json" ? to_json_lines(lines) : to_table(lines, whole ? SIZE_MAX : 60));
  return kSuccess;
}

}  // namespace ibuild::cli
