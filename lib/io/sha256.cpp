#include "io/sha256.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <new>

#include "tapedeck/core/error.hpp"

namespace tapedeck::io {
namespace {

// Fetched once: a search for it in each digest would take time, and memory that it hides the lack of.
EVP_MD* fetched() {
  EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (sha256 != nullptr) return sha256;
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  ERR_clear_error();
  if (reason == ERR_R_MALLOC_FAILURE) throw std::bad_alloc();
  throw FileError({.who = "SHA-256",
                   .given = "libcrypto has none",
                   .wanted = "a libcrypto that computes it",
                   .hint = "look at the configuration of OpenSSL"});
}

// What has SHA-256 fails for lack of memory alone.
void require(int done) {
  if (done == 1) return;
  ERR_clear_error();
  throw std::bad_alloc();
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Context Sha256::new_context() {
  Context context(EVP_MD_CTX_new());
  if (context == nullptr) throw std::bad_alloc();
  return context;
}

Sha256::Sha256() : context_(new_context()) {
  static EVP_MD* const sha256 = fetched();
  require(EVP_DigestInit_ex(context_.get(), sha256, nullptr));
}

void Sha256::add(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string Sha256::hex() const {
  const Context last = new_context();
  std::array<unsigned char, digits / 2> digest{};
  require(EVP_MD_CTX_copy_ex(last.get(), context_.get()));
  require(EVP_DigestFinal_ex(last.get(), digest.data(), nullptr));
  constexpr char hex_digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned byte : digest) {
    text += hex_digits[byte >> 4U];
    text += hex_digits[byte & 0xfU];
  }
  return text;
}

}  // namespace tapedeck::io
