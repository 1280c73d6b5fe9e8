#include "cli/commands/index_command.h"

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "builder/remote/index_draft.h"
#include "builder/remote/remote_documents.h"
#include "cli/descriptor_json.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "cli/output_spec.h"
#include "cli/progress.h"
#include "cli/short_names.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "image/manifest.h"

namespace ibuild::cli {

namespace {

/// A descriptor is some hundred bytes.
constexpr std::uint64_t kMaxSourceFileBytes = 1 << 20;

/// The command line.
struct IndexOptions {
  std::vector<std::string> sources;
  std::vector<std::string> files;
  std::vector<std::string> tags;
  std::vector<std::string> annotations;
  std::string progress_kind;
  bool append = false;
  bool dry_run = false;
  bool prefer_index = true;
  bool quiet = false;
  FormatFlag format;
  RegistryFlags registry;
  ShortNameFlag short_names;

  void add_to(OptionParser& parser) {
    parser.operands("SOURCE", 0, sources,
                    "Images and indexes of any registry: names, digests in the repository of the "
                    "first tag, or descriptors as JSON");
    parser.list("-t,--tag", "NAME", tags, "Name to write the index under; may be given repeatedly");
    parser.list("-f,--file", "FILE", files, "Read a SOURCE from a file");
    parser.flag("--append", append, "Add to the index that the first tag has now");
    parser.list("--annotation", "[KIND:]NAME=VALUE", annotations,
                "Annotate the index; KIND manifest-descriptor[PLATFORM] the entries in it");
    parser.flag("--prefer-index", prefer_index,
                "Make an index of a single image too (--prefer-index=false: copy it)");
    parser.flag("--dry-run", dry_run, "Print the index, write nothing");
    parser.flag("-q,--quiet", quiet, "Show only what was written");
    parser.value("--progress", "KIND", progress_kind, "auto, plain, tty, rawjson, quiet or none");
    format.add_to(parser);
    registry.add_to(parser);
    short_names.add_to(parser);
  }
  void check() const {
    if (tags.empty() && !dry_run) throw base::UsageError("-t NAME is missing, or --dry-run");
    if (append && tags.empty()) throw base::UsageError("--append needs -t NAME to add to");
    if (sources.empty() && files.empty()) throw base::UsageError("there is no SOURCE");
  }
};

image::Reference parse_tag(const std::string& text) {
  auto tag = image::with_default_tag(image::parse_reference(text));
  if (tag.digest)
    throw base::UsageError("an index is written under a tag, not under a digest: " +
                           base::printable(text));
  return tag;
}

image::Reference in_first_repository(const std::vector<image::Reference>& tags,
                                     const base::Digest& digest) {
  if (tags.empty()) {
    base::UsageError error("which repository has " + digest.str() + "?");
    error.set_hint("give the SOURCE as NAME@" + digest.str() + ", or -t NAME");
    throw error;
  }
  return remote::by_digest(tags.front(), digest);
}

image::Descriptor parse_told(const std::string& text) {
  try {
    return image::parse_descriptor(text);
  } catch (const base::ContentError& error) {
    throw base::UsageError("the descriptor " + base::printable(text.substr(0, 200)) +
                           " cannot be used: " + error.what());
  }
}

remote::IndexSource parse_source(std::string_view given, const std::vector<image::Reference>& tags,
                                 const ImageNames& names) {
  const std::string text(base::trim(given));
  if (text.starts_with('{')) {
    const auto told = parse_told(text);
    return {.reference = in_first_repository(tags, told.digest), .told = told};
  }
  if (const auto digest = base::Digest::try_parse(text))
    return {.reference = in_first_repository(tags, *digest), .told = {}};
  return {.reference = names.parse(text), .told = {}};
}

remote::IndexRequest make_request(const IndexOptions& options,
                                  const std::vector<image::Reference>& tags,
                                  const ImageNames& names) {
  using LoneImage = remote::IndexRequest::LoneImage;
  remote::IndexRequest request;
  for (const auto& file : options.files)
    request.sources.push_back(
        parse_source(base::read_host_file(file, kMaxSourceFileBytes), tags, names));
  for (const auto& text : options.sources)
    request.sources.push_back(parse_source(text, tags, names));
  std::map<std::string, std::string> attributes;
  for (const auto& text : options.annotations) {
    for (auto& [name, value] : annotation_attributes(text, "index"))
      attributes.insert_or_assign(std::move(name), std::move(value));
  }
  request.annotations = builder::read_annotations(attributes);
  request.lone_image = options.prefer_index ? LoneImage::gets_index : LoneImage::stays_as_it_is;
  return request;
}

/// What the tag has now, not a mirror of it.
remote::IndexSource standing_source(registry::RegistryClient& client, const image::Reference& tag,
                                    std::stop_token stop) {
  const auto standing = client.resolve_for_push(tag, std::move(stop));
  if (!standing) {
    base::Error error("there is no " + tag.familiar() + " to add to");
    error.set_hint("leave --append out for the first time");
    throw error;
  }
  return {.reference = remote::by_digest(tag, standing->digest), .told = {}};
}

std::string result_json(const image::Reference& tag, const remote::IndexDraft& draft) {
  auto json = named_descriptor_json(tag.str(), draft.top.descriptor);
  auto manifests = nlohmann::ordered_json::array();
  for (const auto& part : draft.parts) {
    nlohmann::ordered_json entry = {{"Digest", part.descriptor.digest.str()},
                                    {"MediaType", part.descriptor.media_type}};
    if (part.descriptor.platform) entry["Platform"] = part.descriptor.platform->str_with_version();
    manifests.push_back(std::move(entry));
  }
  json["Manifests"] = std::move(manifests);
  return json_line(json);
}

int create(const IndexOptions& options, CommandContext& context) {
  options.check();
  const bool as_json = options.format.json();
  std::vector<image::Reference> tags;
  for (const auto& text : options.tags) tags.push_back(parse_tag(text));
  ImageNames names(options.short_names, options.registry);
  auto request = make_request(options, tags, names);

  const SignalWatcher signals;
  const bool silent = options.quiet || options.dry_run;
  Progress progress(silent ? ProgressMode::quiet : parse_progress(options.progress_kind),
                    context.err);
  const auto client =
      registry::make_registry_client(options.registry.resolve(), warnings_to(progress));
  remote::IndexDraft draft;
  run_task(progress, "making an index", [&](builder::VertexWatch& watch) {
    for (auto& source : request.sources) {
      source.reference = names.find(
          source.reference, *client, [&](const auto& text) { watch.note(text); }, signals.token());
    }
    if (options.append) {
      request.sources.insert(request.sources.begin(),
                             standing_source(*client, tags.front(), signals.token()));
    }
    draft = remote::draft_index(*client, request, signals.token());
    for (const auto& gone : draft.replaced) watch.note("replaced " + gone);
    if (!options.dry_run)
      remote::push_index(*client, draft, tags, watch.id(), progress, signals.token());
  });
  if (options.dry_run) {
    context.out << draft.top.bytes << "\n";
    return kSuccess;
  }
  for (const auto& tag : tags) {
    context.out << (as_json ? result_json(tag, draft)
                            : tag.str() + "@" + draft.top.descriptor.digest.str() + "\n");
  }
  return kSuccess;
}

}  // namespace

int run_index(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild index create",
                      "Makes one image index out of images that are in registries");
  IndexOptions options;
  options.add_to(parser);
  const bool is_create = !arguments.empty() && arguments.front() == "create";
  if (!is_create && !arguments.empty() && !arguments.front().starts_with('-'))
    throw base::UsageError("there is no `ibuild index " + base::printable(arguments.front()) +
                           "`: use `ibuild index create`");
  if (!is_create && arguments.empty())
    throw base::UsageError("use `ibuild index create`; --help tells more");
  const auto words = is_create ? arguments.subspan(1) : arguments;
  if (parser.parse(words, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  if (!is_create) throw base::UsageError("use `ibuild index create`; --help tells more");
  return create(options, context);
}

}  // namespace ibuild::cli
