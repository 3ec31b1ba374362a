#: ann read inner
allow(user: User, "read", folder: Folder) if
  keeps(user, folder);

keeps(user: User, folder: Folder) if
  folder.owner = user;

keeps(user: User, folder: Folder) if
  keeps(user, folder.parent);
