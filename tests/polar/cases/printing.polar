# Print

## instance: instance
#? print(rex.name, Dog)
#@ prints "rex", <class 
#= yes
