// What we use of GMime and GLib, under its own names: whoever calls one of these functions for the
// first time opens the library. To be extended when another function is needed.
#include "connectors/host/late_library.hpp"
#include "daemon/mail/gmime.hpp"

namespace {

constinit const kontor::host::LateLibrary kGmime{"libgmime-3.0.so.0"};  // GLib comes with it

}  // namespace

// The function itself, found once.
#define LATE(name) static auto* const late = kGmime.function<decltype(name)>(#name)

extern "C" {

GDateTime* g_date_time_new_from_unix_utc(gint64 t) {
    LATE(g_date_time_new_from_unix_utc);
    return late(t);
}
void g_date_time_unref(GDateTime* datetime) {
    LATE(g_date_time_unref);
    late(datetime);
}
void g_free(gpointer memory) {
    LATE(g_free);
    late(memory);
}
void g_object_unref(gpointer object) {
    LATE(g_object_unref);
    late(object);
}
GTypeInstance* g_type_check_instance_cast(GTypeInstance* instance, GType iface_type) {
    LATE(g_type_check_instance_cast);
    return late(instance, iface_type);
}
gboolean g_type_check_instance_is_a(GTypeInstance* instance, GType type) {
    LATE(g_type_check_instance_is_a);
    return late(instance, type);
}
gchar* g_utf8_make_valid(const gchar* text, gssize size) {
    LATE(g_utf8_make_valid);
    return late(text, size);
}

gboolean g_mime_content_type_is_type(GMimeContentType* content_type, const char* type,
                                     const char* subtype) {
    LATE(g_mime_content_type_is_type);
    return late(content_type, type, subtype);
}
ssize_t g_mime_data_wrapper_write_to_stream(GMimeDataWrapper* wrapper, GMimeStream* stream) {
    LATE(g_mime_data_wrapper_write_to_stream);
    return late(wrapper, stream);
}
void g_mime_format_options_free(GMimeFormatOptions* options) {
    LATE(g_mime_format_options_free);
    late(options);
}
GMimeFormatOptions* g_mime_format_options_new() {
    LATE(g_mime_format_options_new);
    return late();
}
void g_mime_format_options_set_newline_format(GMimeFormatOptions* options,
                                              GMimeNewLineFormat newline) {
    LATE(g_mime_format_options_set_newline_format);
    late(options, newline);
}
void g_mime_init() {
    LATE(g_mime_init);
    late();
}
void g_mime_message_add_mailbox(GMimeMessage* message, GMimeAddressType type, const char* name,
                                const char* addr) {
    LATE(g_mime_message_add_mailbox);
    late(message, type, name, addr);
}
GMimeObject* g_mime_message_get_mime_part(GMimeMessage* message) {
    LATE(g_mime_message_get_mime_part);
    return late(message);
}
const char* g_mime_message_get_subject(GMimeMessage* message) {
    LATE(g_mime_message_get_subject);
    return late(message);
}
GMimeMessage* g_mime_message_new(gboolean pretty_headers) {
    LATE(g_mime_message_new);
    return late(pretty_headers);
}
GMimeMessage* g_mime_message_part_get_message(GMimeMessagePart* part) {
    LATE(g_mime_message_part_get_message);
    return late(part);
}
GType g_mime_message_part_get_type() {
    LATE(g_mime_message_part_get_type);
    return late();
}
void g_mime_message_set_date(GMimeMessage* message, GDateTime* date) {
    LATE(g_mime_message_set_date);
    late(message, date);
}
void g_mime_message_set_message_id(GMimeMessage* message, const char* message_id) {
    LATE(g_mime_message_set_message_id);
    late(message, message_id);
}
void g_mime_message_set_mime_part(GMimeMessage* message, GMimeObject* mime_part) {
    LATE(g_mime_message_set_mime_part);
    late(message, mime_part);
}
void g_mime_message_set_subject(GMimeMessage* message, const char* subject, const char* charset) {
    LATE(g_mime_message_set_subject);
    late(message, subject, charset);
}
void g_mime_multipart_add(GMimeMultipart* multipart, GMimeObject* part) {
    LATE(g_mime_multipart_add);
    late(multipart, part);
}
int g_mime_multipart_get_count(GMimeMultipart* multipart) {
    LATE(g_mime_multipart_get_count);
    return late(multipart);
}
GMimeObject* g_mime_multipart_get_part(GMimeMultipart* multipart, int index) {
    LATE(g_mime_multipart_get_part);
    return late(multipart, index);
}
GType g_mime_multipart_get_type() {
    LATE(g_mime_multipart_get_type);
    return late();
}
GMimeMultipart* g_mime_multipart_new_with_subtype(const char* subtype) {
    LATE(g_mime_multipart_new_with_subtype);
    return late(subtype);
}
void g_mime_multipart_set_boundary(GMimeMultipart* multipart, const char* boundary) {
    LATE(g_mime_multipart_set_boundary);
    late(multipart, boundary);
}
GMimeContentType* g_mime_object_get_content_type(GMimeObject* object) {
    LATE(g_mime_object_get_content_type);
    return late(object);
}
const char* g_mime_object_get_disposition(GMimeObject* object) {
    LATE(g_mime_object_get_disposition);
    return late(object);
}
const char* g_mime_object_get_header(GMimeObject* object, const char* header) {
    LATE(g_mime_object_get_header);
    return late(object, header);
}
GType g_mime_object_get_type() {
    LATE(g_mime_object_get_type);
    return late();
}
void g_mime_object_set_header(GMimeObject* object, const char* header, const char* value,
                              const char* charset) {
    LATE(g_mime_object_set_header);
    late(object, header, value, charset);
}
char* g_mime_object_to_string(GMimeObject* object, GMimeFormatOptions* options) {
    LATE(g_mime_object_to_string);
    return late(object, options);
}
GMimeMessage* g_mime_parser_construct_message(GMimeParser* parser, GMimeParserOptions* options) {
    LATE(g_mime_parser_construct_message);
    return late(parser, options);
}
GMimeParser* g_mime_parser_new_with_stream(GMimeStream* stream) {
    LATE(g_mime_parser_new_with_stream);
    return late(stream);
}
GMimeDataWrapper* g_mime_part_get_content(GMimePart* mime_part) {
    LATE(g_mime_part_get_content);
    return late(mime_part);
}
GType g_mime_part_get_type() {
    LATE(g_mime_part_get_type);
    return late();
}
void g_mime_part_set_content_encoding(GMimePart* mime_part, GMimeContentEncoding encoding) {
    LATE(g_mime_part_set_content_encoding);
    late(mime_part, encoding);
}
void g_mime_references_free(GMimeReferences* refs) {
    LATE(g_mime_references_free);
    late(refs);
}
const char* g_mime_references_get_message_id(GMimeReferences* refs, int index) {
    LATE(g_mime_references_get_message_id);
    return late(refs, index);
}
int g_mime_references_length(GMimeReferences* refs) {
    LATE(g_mime_references_length);
    return late(refs);
}
GMimeReferences* g_mime_references_parse(GMimeParserOptions* options, const char* text) {
    LATE(g_mime_references_parse);
    return late(options, text);
}
GByteArray* g_mime_stream_mem_get_byte_array(GMimeStreamMem* mem) {
    LATE(g_mime_stream_mem_get_byte_array);
    return late(mem);
}
GType g_mime_stream_mem_get_type() {
    LATE(g_mime_stream_mem_get_type);
    return late();
}
GMimeStream* g_mime_stream_mem_new() {
    LATE(g_mime_stream_mem_new);
    return late();
}
GMimeStream* g_mime_stream_mem_new_with_buffer(const char* buffer, size_t len) {
    LATE(g_mime_stream_mem_new_with_buffer);
    return late(buffer, len);
}
char* g_mime_text_part_get_text(GMimeTextPart* mime_part) {
    LATE(g_mime_text_part_get_text);
    return late(mime_part);
}
GType g_mime_text_part_get_type() {
    LATE(g_mime_text_part_get_type);
    return late();
}
GMimeTextPart* g_mime_text_part_new_with_subtype(const char* subtype) {
    LATE(g_mime_text_part_new_with_subtype);
    return late(subtype);
}
void g_mime_text_part_set_charset(GMimeTextPart* mime_part, const char* charset) {
    LATE(g_mime_text_part_set_charset);
    late(mime_part, charset);
}
void g_mime_text_part_set_text(GMimeTextPart* mime_part, const char* text) {
    LATE(g_mime_text_part_set_text);
    late(mime_part, text);
}

const char* internet_address_get_name(InternetAddress* ia) {
    LATE(internet_address_get_name);
    return late(ia);
}
InternetAddressList* internet_address_group_get_members(InternetAddressGroup* group) {
    LATE(internet_address_group_get_members);
    return late(group);
}
GType internet_address_group_get_type() {
    LATE(internet_address_group_get_type);
    return late();
}
InternetAddress* internet_address_list_get_address(InternetAddressList* list, int index) {
    LATE(internet_address_list_get_address);
    return late(list, index);
}
int internet_address_list_length(InternetAddressList* list) {
    LATE(internet_address_list_length);
    return late(list);
}
InternetAddressList* internet_address_list_parse(GMimeParserOptions* options, const char* str) {
    LATE(internet_address_list_parse);
    return late(options, str);
}
const char* internet_address_mailbox_get_addr(InternetAddressMailbox* mailbox) {
    LATE(internet_address_mailbox_get_addr);
    return late(mailbox);
}
GType internet_address_mailbox_get_type() {
    LATE(internet_address_mailbox_get_type);
    return late();
}

}  // extern "C"
