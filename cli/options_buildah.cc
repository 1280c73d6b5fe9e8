// See: buildah-build(1).
#include "cli/options_buildah.h"

#include <cstdlib>

#include "base/error.h"
#include "base/ip_address.h"
#include "base/text.h"
#include "builder/export/output_times.h"
#include "builder/source_date_epoch.h"
#include "cli/output_spec.h"

namespace ibuild::cli {

namespace {

constexpr std::uint64_t kMaxJobs = 4096;  // as good as no limit

[[noreturn]] void bad_value(const std::string& option, std::string_view text,
                            const std::string& why) {
  throw base::UsageError(option + " " + base::printable(text) + ": " + why);
}

/// --os, --arch and --variant: a platform in parts.
void take_platform(const BuildahOptions& options, builder::BuildRequest& request) {
  if (!options.names_platform()) return;
  auto platform = image::host_platform();
  if (!options.os.empty()) platform.os = options.os;
  if (!options.architecture.empty()) {
    platform.architecture = options.architecture;
    platform.variant.clear();
  }
  std::string text = platform.os + "/" + platform.architecture;
  const auto& variant = options.variant.empty() ? platform.variant : options.variant;
  if (!variant.empty()) text += "/" + variant;
  request.platforms.push_back(image::parse_platform(text));
}

void take_base(const BuildahOptions& options, builder::BuildRequest& request) {
  if (options.from.empty()) return;
  try {
    if (options.from != "scratch") (void)image::parse_reference(options.from, request.short_names);
  } catch (base::UsageError& error) {
    error.add_context("--from");
    throw;
  }
  request.first_base = options.from;
}

void take_env(const BuildahOptions& options, builder::BuildRequest& request) {
  for (const auto& text : options.env) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (name.empty()) bad_value("--env", text, "it has no name");
    if (equals != std::string::npos) {
      request.env.emplace_back(name, text.substr(equals + 1));
    } else if (const char* value = std::getenv(name.c_str())) {
      request.env.emplace_back(name, value);
    }
  }
}

void take_epoch(const BuildahOptions& options, builder::BuildRequest& request) {
  if (options.source_date_epoch.empty()) return;
  const auto seconds = base::parse_i64(options.source_date_epoch);
  if (!seconds || *seconds < 0 || *seconds > builder::kLatestEpoch) {
    bad_value("--source-date-epoch", options.source_date_epoch,
              "it must be a number of seconds since 1970");
  }
  request.build_args["SOURCE_DATE_EPOCH"] = options.source_date_epoch;
}

void take_jobs(const BuildahOptions& options, builder::BuildRequest& request) {
  if (options.jobs.empty()) return;
  const auto number = base::parse_u64(options.jobs);
  if (!number || *number > kMaxJobs)
    bad_value("--jobs", options.jobs, "it must be a number up to " + std::to_string(kMaxJobs));
  request.max_parallel_steps = static_cast<std::size_t>(*number == 0 ? kMaxJobs : *number);
}

/// The proxies of this process reach steps as those of build arguments do.
void take_proxies(const BuildahOptions& options, builder::BuildRequest& request) {
  if (options.http_proxy != true) return;
  for (const char* name : {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "http_proxy",
                           "https_proxy", "ftp_proxy", "no_proxy"}) {
    if (const char* value = std::getenv(name)) request.build_args.try_emplace(name, value);
  }
}

/// Values with commas between them, each one word of resolv.conf.
std::vector<std::string> words_of(const std::string& option,
                                  const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const auto& text : texts) {
    for (const auto word : base::split(text, ',')) {
      if (word.empty() || word.find_first_of(" \t#;") != std::string_view::npos ||
          base::printable(word) != word)
        bad_value(option, text, "it is no word of resolv.conf");
      words.emplace_back(word);
    }
  }
  return words;
}

void take_dns(const BuildahOptions& options, builder::BuildRequest& request) {
  request.dns = {.servers = words_of("--dns", options.dns),
                 .search = words_of("--dns-search", options.dns_search),
                 .options = words_of("--dns-option", options.dns_options)};
  for (const auto& server : request.dns.servers) {
    if (server == "none") {
      bad_value("--dns", server, "steps always have a resolv.conf of this machine's making");
    }
    if (!base::is_ip_address(server)) bad_value("--dns", server, "it is no IP address");
  }
  if (!request.dns.empty() && request.network == "none")
    throw base::UsageError("--dns, --dns-search and --dns-option do not go with --network=none");
}

}  // namespace

void BuildahOptions::add_to(OptionParser& parser) {
  parser.value("--os", "OS", os, "The first part of --platform alone");
  parser.value("--arch", "ARCH", architecture, "The second part");
  parser.value("--variant", "VARIANT", variant, "The third part");
  parser.value("--from", "IMAGE", from, "Image in place of the one that the first FROM names");
  parser.list("--env", "NAME[=VALUE]", env,
              "Variable that every stage begins with; without =VALUE from the environment");
  parser.flag("--inherit-labels", inherit_labels,
              "Keep the labels of bases (--inherit-labels=false: do not)");
  parser.flag("--omit-history", omit_history, "Leave the history out of the image");
  parser.value("--format", "oci|docker", format, "Media types of the image (default: oci)");
  parser.value("--compression-format", "KIND", compression_format,
               "Compression of the image's layers: compression=… of all outputs");
  parser.value("--compression-level", "N", compression_level, "Its level");
  parser.flag("--force-compression", force_compression, "Layers of the base too");
  parser.value("--source-date-epoch", "SECONDS", source_date_epoch,
               "SOURCE_DATE_EPOCH of this build: the image's time, and the latest of its files");
  parser.flag("--rewrite-timestamp", rewrite_timestamp,
              "No file of a new layer is later than that (always so)");
  parser.value("--jobs", "N", jobs, "Steps at once (0: any number; default: one a processor)");
  parser.flag("--http-proxy", http_proxy,
              "Steps have the proxies of this environment (--http-proxy=false: none, nor those of "
              "Docker's config.json)");
  parser.list("--dns", "ADDRESS", dns, "Name server for RUN, in place of this machine's");
  parser.list("--dns-search", "DOMAIN", dns_search, "Domain that RUN searches; . for none");
  parser.list("--dns-option", "OPTION", dns_options, "Option of resolv.conf for RUN");
  parser.value("--iidfile-raw", "FILE", iidfile_raw,
               "Write the image's id here, without its sha256:");
  parser.value("--logfile", "FILE", logfile, "Write the progress here");
  refuse_buildah_options(parser);
}

void BuildahOptions::put_into(builder::BuildRequest& request) const {
  take_platform(*this, request);
  take_base(*this, request);
  take_env(*this, request);
  take_epoch(*this, request);
  take_jobs(*this, request);
  take_proxies(*this, request);
  take_dns(*this, request);
  request.inherits_labels = inherit_labels.value_or(true);
  request.has_history = !omit_history;
}

void BuildahOptions::put_into(std::vector<builder::OutputSpec>& outputs) const {
  if (!format.empty() && format != "oci" && format != "docker")
    bad_value("--format", format, "use oci or docker");
  if (!format.empty())
    give_images(outputs, "oci-mediatypes", format == "oci" ? "true" : "false", "--format");
  if (!compression_format.empty())
    give_images(outputs, "compression", compression_format, "--compression-format");
  if (!compression_level.empty())
    give_images(outputs, "compression-level", compression_level, "--compression-level");
  if (force_compression) give_images(outputs, "force-compression", "true", "--force-compression");
  if (rewrite_timestamp) {
    give_images(outputs, builder::kRewriteAttribute, *rewrite_timestamp ? "true" : "false",
                "--rewrite-timestamp");
  }
}

}  // namespace ibuild::cli
