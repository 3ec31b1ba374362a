# Who may do what. The files of this folder are loaded together, as one policy.
#
# An actor is a User, a Token, or nil when nobody is logged in.

actor User {}

# What the resource blocks of the other files grant.
allow(user: User, action, resource) if
  has_permission(user, action, resource);

# Everybody reads what is public, logged in or not.
allow(_visitor, "read", repository: Repository) if
  repository.public;

allow(_visitor, "read", issue: Issue) if
  issue.repository.public;
