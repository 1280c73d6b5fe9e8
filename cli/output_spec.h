#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/build.h"

namespace ibuild::cli {

/// The value of --output: "type=oci,dest=app.tar", or for short a directory (type=local) or "-"
/// (type=tar on stdout). Throws: UsageError for an unknown type, with a suggestion.
builder::OutputSpec parse_output(std::string_view text);

/// What one --annotation stands for, as attributes of outputs: "annotation-index[linux/amd64].KEY".
/// Without a kind of its own it is one of `kind`. Throws: UsageError for what is not NAME=VALUE.
std::vector<std::pair<std::string, std::string>> annotation_attributes(std::string_view text,
                                                                       std::string_view kind);

/// Hands the values of --annotation, "[KIND[PLATFORM],…:]KEY=VALUE", to every output that is an
/// image; without one, to the store's. KIND is manifest (by itself), manifest-descriptor, index or
/// index-descriptor. Throws: UsageError for other texts, and when no output can hold them.
void annotate(std::vector<builder::OutputSpec>& outputs, const std::vector<std::string>& texts);

/// Gives an attribute to all outputs that are images and do not have it; to the store's where there
/// is none. Throws: UsageError naming `option` when no output is an image.
void give_images(std::vector<builder::OutputSpec>& outputs, const std::string& name,
                 const std::string& value, const std::string& option);

/// Hands --squash to every output that is an image and does not say by itself (squash=…); to the
/// store when there is none. Throws: UsageError when no output is one.
void squash(std::vector<builder::OutputSpec>& outputs);

/// Hands the values of --add-compression to every output that is an image and does not name some by
/// itself (add-compression=…); to the store when there is none. Throws: UsageError when no output
/// is one.
void add_compressions(std::vector<builder::OutputSpec>& outputs,
                      const std::vector<std::string>& names);

/// Hands --timestamp, seconds since 1970, to every output that holds files and does not name a time
/// of its own (source-date-epoch=…); to the store when there is none. Throws: UsageError when the
/// text is no such number.
void set_timestamp(std::vector<builder::OutputSpec>& outputs, const std::string& seconds);

/// Refuses outputs that would remove the files of a directory (type=local with mode=delete) which
/// is not below the working directory, unless `--allow buildx.local.delete` is given.
/// Throws: UsageError.
void check_deleting_outputs(const std::vector<builder::OutputSpec>& outputs,
                            const builder::Allowances& allowed);

/// Whether the output is an image, which has an id, a format and layers.
bool is_image(const builder::OutputSpec& output);

/// Whether the output's bytes go to standard output.
bool writes_to_stdout(const builder::OutputSpec& output);

}  // namespace ibuild::cli
