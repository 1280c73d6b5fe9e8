#include "builder/attest/file_subjects.h"

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

class HashingSource : public base::ByteSource {
 public:
  explicit HashingSource(base::ByteSource& from) : from_(from) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const auto count = from_.read(buffer);
    hash_.update(buffer.first(count));
    return count;
  }
  base::Digest finish() { return hash_.finish(); }

 private:
  base::ByteSource& from_;
  base::Sha256 hash_;
};

/// "provenance.json" → "provenance.linux_amd64.json"
std::string with_suffix(const std::string& name, const std::string& suffix) {
  if (suffix.empty()) return name;
  const auto dot = name.rfind('.');
  if (dot == std::string::npos) return name + "." + suffix;
  return name.substr(0, dot) + "." + suffix + name.substr(dot);
}

}  // namespace

void FileSubjects::visit(const layers::LayerEntry& entry, base::ByteSource* data) {
  const auto& path = entry.path.str();
  if (path.find('/') == std::string::npos) top_names_.insert(path);
  if (entry.type == layers::EntryType::file && data != nullptr) {
    HashingSource hashing(*data);
    next_.visit(entry, &hashing);
    const auto digest = hashing.finish();
    digests_.emplace(path, digest);
    subjects_.push_back({path, digest});
    return;
  }
  if (entry.type == layers::EntryType::hardlink) {
    const auto first = digests_.find(entry.link_target);
    if (first != digests_.end()) subjects_.push_back({path, first->second});
  }
  next_.visit(entry, data);
}

void FileSubjects::write_statements(const std::vector<Attestation>& attestations,
                                    const Naming& naming) {
  for (const auto& said : attestations) {
    if (said.inline_only) continue;
    const std::string name = naming.prefix + with_suffix(said.file_name, naming.suffix);
    if (!top_names_.insert(name).second) {
      base::Error error("/" + base::printable(name) +
                        " is there already: the attestation of this name has no place");
      error.set_hint("give attestations other names with attestation-prefix=");
      throw error;
    }
    const auto text = to_statement(said, subjects_, StatementForm::indented);
    layers::LayerEntry entry;
    entry.path = base::RelPath::exact(name);
    entry.type = layers::EntryType::file;
    entry.mode = 0600;
    entry.mtime = naming.time;
    entry.size_bytes = text.size();
    base::StringSource source(text);
    next_.visit(entry, &source);
  }
}

}  // namespace ibuild::builder
