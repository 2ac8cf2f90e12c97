#include "daemon/messages/folder_texts.hpp"

namespace kontor::messages {
namespace {

// Folders that are opened to a connector.
constexpr Text kFolderTexts[] = {
    {"cli.option.folder", "open a folder to the connector: inbox=/srv/crm (repeatable)",
     "向连接器开放的目录：inbox=/srv/crm（可重复）"},
    {"cli.connect.no_folder", "the connector takes no folder '{name}'; it takes: {list}",
     "该连接器没有名为“{name}”的目录；可用的有：{list}"},
    {"cli.connect.no_folders", "the connector takes no folders", "该连接器不使用目录"},
    {"cli.connect.folder.missing", "{path} is no folder", "{path} 不是目录"},
    {"cli.connect.folder.next",
     "Look first: kontor sync {name} --dry-run   (lists each change, takes nothing in)",
     "请先预览：kontor sync {name} --dry-run（列出每项更改，不导入任何内容）"},
};

}  // namespace

std::span<const Text> folder_texts() {
    return kFolderTexts;
}

}  // namespace kontor::messages
