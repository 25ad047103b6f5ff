// The result page.
import './forms.js'
import './share.js'
