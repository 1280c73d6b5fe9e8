#include "tests/faults/weather.h"

#include "base/error.h"
#include "builder/remote/copy_image.h"
#include "builder/remote/pull.h"
#include "builder/remote/push_stored.h"
#include "image/config.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "registry/http/socket_transport.h"
#include "registry/make_client.h"

namespace ibuild::test {

namespace {

using std::chrono::milliseconds;

/// Waits between attempts are so many times shorter than usual.
constexpr int kHaste = 50;

const image::Platform& platform() {
  static const auto kPlatform = image::parse_platform("linux/amd64");
  return kPlatform;
}

/// Bytes that no two layers share.
std::string layer_bytes(std::size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  unsigned state = seed;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

image::Descriptor describe(std::string_view media_type, const std::string& bytes) {
  return {.media_type = std::string(media_type),
          .digest = base::sha256_of(bytes),
          .size_bytes = bytes.size()};
}

/// Puts an image of two layers into a store.
void make_image(layers::Store& store, const std::string& name) {
  const std::vector<std::string> blobs = {layer_bytes(100'000, 1), layer_bytes(300, 2)};
  image::ImageConfig config;
  config.platform = platform();
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  for (const std::string& blob : blobs) {
    store.content().put(blob);
    config.diff_ids.push_back(base::sha256_of(blob));
    manifest.layers.push_back(describe(image::media_type::kOciLayer, blob));
  }
  const std::string config_json = image::to_json(config);
  store.content().put(config_json);
  manifest.config = describe(image::media_type::kOciConfig, config_json);
  const std::string bytes = image::to_json(manifest);
  store.content().put(bytes);
  store.images().tag(image::parse_reference(name), describe(manifest.media_type, bytes));
}

/// Blobs that are not what they are called.
std::string find_broken_blobs(layers::Store& store) {
  std::string damage;
  const auto blobs = base::open_dir_at(store.root(), base::RelPath::exact("blobs/sha256"));
  for (const auto& entry : base::list_dir(blobs)) {
    const auto digest = base::Digest::try_parse("sha256:" + entry.name);
    const auto bytes = base::read_file_at(blobs, base::RelPath::exact(entry.name), 64 << 20);
    if (!digest || base::sha256_of(bytes) != *digest) damage += "blob " + entry.name + "\n";
  }
  return damage;
}

/// Names of images that lack something.
std::string find_torn_images(layers::Store& store) {
  std::string damage;
  for (const auto& stored : store.images().list()) {
    const auto manifest = image::parse_manifest(store.content().read(stored.descriptor.digest));
    auto needed = manifest.layers;
    needed.push_back(manifest.config);
    for (const auto& blob : needed) {
      if (!store.content().has_exact(blob.digest, blob.size_bytes))
        damage += stored.name + " lacks " + blob.digest.str() + "\n";
    }
  }
  return damage;
}

}  // namespace

std::unique_ptr<registry::RegistryClient> make_hasty_client(milliseconds patience) {
  registry::ClientParts parts;
  parts.transport = registry::make_socket_transport({.certs_dirs = {},
                                                     .ca_file = {},
                                                     .timeouts = {.connect = milliseconds(2000),
                                                                  .first_byte = patience,
                                                                  .commit = patience,
                                                                  .stall = patience},
                                                     .proxies = {}});
  parts.wait = [wait = registry::make_waiter()](milliseconds time, std::stop_token stop) {
    wait(time / kHaste, std::move(stop));
  };
  return registry::make_registry_client({}, {}, std::move(parts));
}

Household::Household()
    : dir_(make_scratch_dir()),
      store_(layers::Store::open(dir_.host_path(), pool_)),
      origins_(*store_) {}

void Household::pull(const std::string& name) {
  builder::NullEventSink events;
  remote::LazyRegistry registry(make_hasty_client());
  const remote::ImageLoader loader(*store_, registry, origins_);
  remote::pull_image(loader, image::parse_reference(name), platform(), 1, events, {});
}

void Household::push(const std::string& name, const std::string& destination) {
  builder::NullEventSink events;
  remote::LazyRegistry registry(make_hasty_client());
  const remote::ImageLoader loader(*store_, registry, origins_);
  const auto source = store_->images().find(image::parse_reference(name));
  remote::push_stored(
      loader, {.source = source.value(), .destination = image::parse_reference(destination)}, 1,
      events, {});
}

std::string Household::find_damage() {
  std::string damage = find_broken_blobs(*store_) + find_torn_images(*store_);
  for (const auto& entry : base::list_dir(store_->temp())) {
    damage += "temporary " + entry.name + "\n";
  }
  return damage;
}

World::World() {
  make_image(owner_.store(), "localhost/app:1");
  push_to(host() + path());
}

bool World::has(const std::string& path) {
  return make_hasty_client()->resolve(image::parse_reference(host() + path)).has_value();
}

std::string World::find_damage(const std::string& path) {
  Household visitor;
  visitor.pull(host() + path);
  const auto found = visitor.store().images().find(image::parse_reference(host() + path));
  const auto wanted = owner_.store().images().find(image::parse_reference("localhost/app:1"));
  return visitor.find_damage() + (found->digest == wanted->digest ? "" : "another image\n");
}

void copy_hastily(const std::string& source, const std::string& destination) {
  builder::NullEventSink events;
  const auto client = make_hasty_client();
  remote::copy_image(*client,
                     {.source = image::parse_reference(source),
                      .destination = image::parse_reference(destination)},
                     1, events, {});
}

}  // namespace ibuild::test
