#pragma once

#include <string>
#include <vector>

#include "base/digest.h"

namespace ibuild::builder {

/// Something said of an image, not yet bound to its digest.
struct Attestation {
  std::string predicate_type;  // a URI
  std::string predicate_json;
  std::string file_name;  // of outputs that are files
  bool inline_only = false;
};

/// What a statement is about: an image by one of its names, or a file.
struct Subject {
  std::string name;
  base::Digest digest;
};

/// An in-toto statement: `attestation` bound to its subjects. Compact, or indented for files.
/// See: in-toto's spec/v1/statement.md. Requires: the predicate is JSON.
enum class StatementForm { compact, indented };
std::string to_statement(const Attestation& attestation, const std::vector<Subject>& subjects,
                         StatementForm form);

}  // namespace ibuild::builder
