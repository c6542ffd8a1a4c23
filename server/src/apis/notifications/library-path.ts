// The path at which providers' pages load the script, as in Microsoft's documentation. Upper and lower case make no difference.

export const LIBRARY_PATH = '/webresources/Widget/msdyn_ciLibrary.js'
